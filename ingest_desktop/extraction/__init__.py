"""File type, reader, blocks, chunks, and the child processes that do it. No Qt, no SQL, no pydantic."""
