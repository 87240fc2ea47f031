"""Pictures and printable pages: a credential as a badge, a page or a file, a stack as a transcript. No I/O but fonts.

The record, its checks, the file to attach and the time go in; bytes come out, the same for the same input.

fonts, text          the fonts that come with the software, and text in any script as lines of glyphs
drawing, stones      outlines and labels as SVG or PNG; the cairn that is on all of them
picture              the badge
model                a page as sections of facts, checks and tables, whatever it is printed as
credential           the page of one credential
transcript           the page of a stack
web, pdf, sheet      a page as one HTML file, or as a PDF that carries the credential's file
"""
