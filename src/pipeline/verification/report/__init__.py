"""The report of a verification for people and for other programs: text, JUnit XML, a page."""
