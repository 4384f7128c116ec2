"""One small room per family of formats."""
