"""What can be done with a knowledge base, or with all jobs of a status, from the side bar."""

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QMenu, QWidget

from ingest_desktop.domain.enums import JobEvent, JobStatus, sources_of
from ingest_desktop.domain.models import JobSelector, KnowledgeBase
from ingest_desktop.ui import dialogs, words
from ingest_desktop.ui.commands import Commands
from ingest_desktop.ui.hub import Hub
from ingest_desktop.ui.trash_dialog import TrashDialog


class BaseMenus(QObject):
    """Menus and dialogs about knowledge bases.

    Signals:
        created: There is another one. arg: kb id.
        repair_wanted: A damaged one is to be repaired. arg: kb id.
    """

    created = Signal(str)
    repair_wanted = Signal(str)

    def __init__(self, hub: Hub, commands: Commands, window: QWidget) -> None:
        super().__init__(window)
        self._hub, self._commands, self._window = hub, commands, window

    def _verbs(self) -> dict[JobEvent, str]:
        return {
            JobEvent.PAUSE: self.tr("Pause"),
            JobEvent.RESUME: self.tr("Resume"),
            JobEvent.CANCEL: self.tr("Cancel"),
            JobEvent.RETRY: self.tr("Retry"),
        }

    def _count(self, event: JobEvent, kb_id: str | None, statuses: frozenset[JobStatus] = frozenset()) -> int:
        pulse = self._hub.pulse
        if pulse is None:
            return 0
        counts, wanted = pulse.status.counts, sources_of(event) & (statuses or frozenset(JobStatus))
        count = sum(counts.of(status, kb_id) for status in wanted if status is not JobStatus.COMPLETED)
        if JobStatus.COMPLETED in wanted:  # of those only what is empty or has gaps is tried again
            needy = sum(n for kb, n in counts.attention.items() if kb_id in (None, kb))
            count += max(0, needy - counts.of(JobStatus.FAILED, kb_id))
        return count

    def _add_verbs(self, menu: QMenu, selector: JobSelector, kb_id: str | None) -> None:
        for event, verb in self._verbs().items():
            count = self._count(event, kb_id, selector.statuses)
            group = selector
            if event is JobEvent.RETRY or selector.statuses:
                wanted = sources_of(event) & (selector.statuses or frozenset(JobStatus))
                group = selector.model_copy(update={"statuses": wanted})
            text = self.tr("{verb} {jobs}").format(verb=verb, jobs=words.jobs(count)) if count else verb
            action = menu.addAction(text)
            action.triggered.connect(lambda _=False, e=event, g=group: self._commands.act(e, g))
            paused = any(base.kb_id == kb_id and base.paused for base in self._hub.bases)
            action.setEnabled(count > 0 or (event is JobEvent.RESUME and paused))
            if event is JobEvent.RESUME and kb_id in self._hub.damaged:
                action.setEnabled(False)
                action.setToolTip(self.tr("It is damaged: repair it first."))

    @Slot(str, QPoint)
    def base_menu(self, kb_id: str, at: QPoint) -> None:
        """The menu of a knowledge base, "" for all."""
        self.make_base_menu(kb_id).popup(at)

    def make_base_menu(self, kb_id: str) -> QMenu:
        """As ``base_menu``, not shown yet."""
        menu = QMenu(self._window)
        menu.setToolTipsVisible(True)
        base = next((base for base in self._hub.bases if base.kb_id == kb_id), None)
        selector = JobSelector(kb_id=kb_id) if base else JobSelector(everything=True)
        self._add_verbs(menu, selector, kb_id or None)
        menu.addSeparator()
        menu.addAction(self.tr("New knowledge base…"), self.create)
        if base is not None:
            if base.kb_id in self._hub.damaged:
                menu.addAction(self.tr("Repair…"), lambda: self.repair_wanted.emit(base.kb_id))
            menu.addAction(self.tr("Rename…"), lambda: self.rename(base))
            delete = menu.addAction(self.tr("Delete…"), lambda: self.delete(base))
            delete.setEnabled(len(self._hub.bases) > 1)
            delete.setToolTip("" if len(self._hub.bases) > 1 else self.tr("The last one stays."))
        menu.addSeparator()
        menu.addAction(self.tr("Recently deleted…"), self.show_trash)
        return menu

    def status_menu(self, statuses: frozenset[JobStatus], kb_id: str | None, at: QPoint) -> None:
        """The menu of a status filter: act on all in it."""
        menu = QMenu(self._window)
        selector = (
            JobSelector(kb_id=kb_id, statuses=statuses) if kb_id else JobSelector(everything=True, statuses=statuses)
        )
        self._add_verbs(menu, selector, kb_id)
        menu.popup(at)

    @Slot()
    def show_trash(self) -> None:
        """Show the deleted knowledge bases, to bring one back."""
        dialog = TrashDialog(self._hub, self._hub.engine.settings.undo_days, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.restored.connect(self._commands.base_is_back)
        dialog.open()

    # dialogs -------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        return [base.name for base in self._hub.bases]

    @Slot()
    def create(self) -> None:
        """Ask for a name and make a knowledge base."""
        dialog = dialogs.NameDialog(
            self.tr("New knowledge base"), self.tr("Create"), self._names(), parent=self._window
        )
        dialog.accepted.connect(lambda: self._create(dialog.name))
        dialog.open()

    def _create(self, name: str) -> None:
        def made(base: KnowledgeBase) -> None:
            self.created.emit(base.kb_id)
            self._hub.reload_bases()

        self._hub.do(lambda backend: backend.service.create_knowledge_base(name), made)

    def rename(self, base: KnowledgeBase) -> None:
        """Ask for another name."""
        dialog = dialogs.NameDialog(
            self.tr("Rename knowledge base"), self.tr("Rename"), self._names(), base.name, self._window
        )
        dialog.accepted.connect(lambda: self._rename(base.kb_id, dialog.name))
        dialog.open()

    def _rename(self, kb_id: str, name: str) -> None:
        self._hub.do(
            lambda backend: backend.service.rename_knowledge_base(kb_id, name), lambda _: self._hub.reload_bases()
        )

    def delete(self, base: KnowledgeBase) -> None:
        """Ask, then delete; Undo restores it."""
        pulse = self._hub.pulse
        jobs = pulse.status.counts.total(base.kb_id) if pulse else 0
        box = dialogs.confirm_delete_base(base, jobs, self._hub.engine.settings.undo_days, self._window)
        box.accepted.connect(lambda: self._commands.delete_base(base))
        box.open()
