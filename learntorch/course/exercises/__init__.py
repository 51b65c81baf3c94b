"""The definitions of the exercises, one file each, in a folder for each chapter.

Read in no chapter. From these files the builder writes `exercises/` and `solutions/`; practice/definition.py says
how a definition reads.
"""
