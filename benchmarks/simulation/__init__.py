"""Replicas, queue and cluster at a size that is not at hand, by what was measured at a size that is.

figures      what was measured, kept in figures.json
measuring    measures it, with a real service, PostgreSQL, nginx and wrk
turns        processes that take whatever waits for them in one turn, on cores that others want too
requests     clients, balancer and replicas
training     runs, slots and the database that all of them write to
limits       what saturates first, second and third, and what moves it
picture      drawn
"""
