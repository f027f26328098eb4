"""HTTP, and nothing but: these modules translate requests for the services and their answers back."""
