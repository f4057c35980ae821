"""A differential test of crystal readers: files are written in many dialects from known crystals, and read again."""
