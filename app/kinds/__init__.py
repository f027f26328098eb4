"""The kinds of tasks: how raw inputs of one sort look, become numbers, and how answers are read and explained."""
