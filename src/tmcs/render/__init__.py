"""What a person or a program reads: a resolution, a table, a chart. Facts come in, text goes out; nothing is decided."""
