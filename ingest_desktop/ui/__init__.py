"""The window: models, views, dialogs and the tray. Qt only; talks to the application through a Protocol."""
