"""The tasks that come with Densely, as data, one file each: a module with `TASK`, or JSON. `catalog` finds them."""
