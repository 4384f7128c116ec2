"""The words and rules of the program: no Qt, no SQL, no files.

Nothing is imported here on purpose: the extraction children use the errors and the wire types
without paying for pydantic.
"""
