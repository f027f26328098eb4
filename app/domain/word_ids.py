"""Word ids that stand for no word, as in keras.datasets."""

PAD, START, UNKNOWN = 0, 1, 2  # reserved; 3 is unused there and here
FIRST_WORD = 4  # id of the first word: index_from=3, and ranks start at 1
