"""The functions that witness programs are made of, a file per modality; read as text by `programs`."""
