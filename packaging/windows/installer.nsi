; NOT YET RUN ON WINDOWS. See README.md in this folder.
; makensis /DVERSION=0.1.0 packaging\windows\installer.nsi   (after PyInstaller, from the root of the checkout)
Unicode true
!include "MUI2.nsh"
!include "LogicLib.nsh"

!ifndef VERSION
  !error "say /DVERSION=x.y.z"
!endif
!define NAME "Ingest Desktop"
!define ROOT "..\.."
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\ingest-desktop"

Name "${NAME}"
OutFile "${ROOT}\dist\ingest-desktop-${VERSION}-setup.exe"
InstallDir "$LOCALAPPDATA\Programs\Ingest Desktop"
InstallDirRegKey HKCU "Software\ingest-desktop" "InstallDir"
RequestExecutionLevel user
SetCompressor /SOLID lzma
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "FileDescription" "${NAME} setup"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "Ingest Desktop contributors, MIT"

!insertmacro MUI_PAGE_LICENSE "${ROOT}\LICENSE"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN "$INSTDIR\ingest-desktop.exe"
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"
!insertmacro MUI_LANGUAGE "French"

; Takes the folder out of the person's PATH, and puts it in again where WITH says so. By PowerShell: NSIS cuts strings at 1,024
; characters, which would destroy a long PATH. The folder travels in the environment, as its name may hold quotes; what is
; written as %VARIABLE% in the PATH stays so; the last line tells programs that are open of the change.
!macro ChangePath WITH
  System::Call 'kernel32::SetEnvironmentVariable(t "INGEST_DIR", t "$INSTDIR")'
  nsExec::Exec `powershell -NoProfile -Command "$$d=$$env:INGEST_DIR; $$k=[Microsoft.Win32.Registry]::CurrentUser.OpenSubKey('Environment',$$true); $$p=@(([string]$$k.GetValue('Path','','DoNotExpandEnvironmentNames')) -split ';' | Where-Object { $$_ -and $$_ -ne $$d }) ${WITH}; $$k.SetValue('Path',($$p -join ';'),'ExpandString'); [Environment]::SetEnvironmentVariable('INGEST_DIR',$$null,'User')"`
!macroend

Section "Program"
  SetOutPath "$INSTDIR"
  ; An older version is removed first: files that a new one no longer has would stay and be loaded.
  RMDir /r "$INSTDIR\_internal"
  File /r "${ROOT}\build\frozen\ingest-desktop\*"
  File "${ROOT}\LICENSE"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortCut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\ingest-desktop.exe"
  WriteRegStr HKCU "Software\ingest-desktop" "InstallDir" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "DisplayName" "${NAME}"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\ingest-desktop.exe"
  WriteRegStr HKCU "${KEY}" "Publisher" "Ingest Desktop contributors"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegDWORD HKCU "${KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${KEY}" "NoRepair" 1
  !insertmacro ChangePath "+ @($$d)"
SectionEnd

Section "un.Program" UninstallProgram
  SectionIn RO
  !insertmacro ChangePath ""
  Delete "$SMPROGRAMS\${NAME}.lnk"
  RMDir /r "$INSTDIR\_internal"
  Delete "$INSTDIR\ingest-desktop.exe"
  Delete "$INSTDIR\ingest.exe"
  Delete "$INSTDIR\LICENSE"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKCU "${KEY}"
  DeleteRegKey HKCU "Software\ingest-desktop"
SectionEnd

; Off unless ticked: a person's queue and index are theirs.
Section /o "un.My data (queue, index, settings)" UninstallData
  RMDir /r "$LOCALAPPDATA\ingest-desktop"
SectionEnd
