"""The worker: claims runs, renews their leases, and watches over the trainers. Never imports TensorFlow."""
