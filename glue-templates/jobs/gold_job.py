"""The gold job: tables of the lake → a table made of them. In work."""
