"""The use cases. Each owns its transactions; none knows HTTP."""
