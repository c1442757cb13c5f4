"""Plain Locust for `benchmarks.audits`: each user sends its next request once it has the reply."""

from locust import HttpUser, task


class PlainUser(HttpUser):
    """A user of Locust's own HTTP client."""

    @task
    def get(self):
        self.client.get("/")
