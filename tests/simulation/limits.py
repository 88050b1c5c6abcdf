"""The request rates that AWS allows an account, as token buckets: (burst, sustained per second).

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""

from dataclasses import dataclass

RATES = {
    "cluster changes": (20, 1),
    "task changes": (100, 40),
    "ECS reads": (100, 20),
    "Route 53": (5, 5),
    "PutRule": (50, 50),
}
_BUCKETS = {
    "ecs:CreateCluster": "cluster changes",
    "ecs:DeleteCluster": "cluster changes",
    "ecs:RunTask": "task changes",
    "ecs:StopTask": "task changes",
    "ecs:DescribeClusters": "ECS reads",
    "ecs:DescribeTasks": "ECS reads",
    "ecs:ListTasks": "ECS reads",
    "ecs:ListClusters": "ECS reads",
    "route53:ListResourceRecordSets": "Route 53",
    "route53:ChangeResourceRecordSets": "Route 53",
    "route53:GetChange": "Route 53",
    "events:PutRule": "PutRule",
}


@dataclass(slots=True)
class _Bucket:
    tokens: float
    seen: float


class Limits:
    """The rate limits of the account; `storms` are services that refuse everything for a while."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}
        self.storms: dict[str, float] = {}

    def let_pass(self, operation: str, time: float) -> bool:
        """Return whether a call at that second is within the limits."""
        if self.storms and self.storms.get(operation.partition(":")[0], 0) > time:
            return False
        name = _BUCKETS.get(operation)
        if name is None:
            return True
        burst, rate = RATES[name]
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(burst, time)
        bucket.tokens = min(burst, bucket.tokens + (time - bucket.seen) * rate)
        bucket.seen = time
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True
