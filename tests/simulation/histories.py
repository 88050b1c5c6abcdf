"""Long random histories: many participants, and faults of theirs, of their servers and of AWS."""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.simulation.chaos import Chaos
from tests.simulation.participants import Participant, Request
from tests.simulation.world import World

OLD = "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c"  # an existing front end, which creates a UUID
USERS = st.sampled_from(["ada", "wpad", "cyd", "dan", OLD])
MAX_SERVERS, OWN_MAX_SERVERS = 3, 2
# An image may write `*/Trials/*`. Without TaskRole's denials, IAM would match that in the platform's
# own prefixes too. Neither may disturb anything.
IMAGE_KEYS = st.sampled_from(
    [
        "study/Trials/ada/1.json",
        "study/Trials/Users/ada",
        "study/Users/Trials/zed",
        "_servers/ada.json/Trials/1",
        "_servers/zed/Trials/1.json",
        "_slots/0001/Trials/1",
        "_slots/q.20300101T120000000Z.zed.study/Trials/1",
    ]
)
IMAGE_BODIES = st.sampled_from([b"", b"{", b"[]", b'{"userId": "zed", "state": "ready", "attempt": 1}'])
SERVICES = st.sampled_from(["s3", "ecs", "events", "route53", "sns", "ec2"])


class Histories(RuleBasedStateMachine):
    """Each rule is one operation. At the end AWS is calm, all participants finish, and nothing is left."""

    operations: ClassVar[int] = 0

    @initialize(seed=st.integers(0, 2**32 - 1), has_own_cap=st.booleans())
    def deploy(self, seed: int, has_own_cap: bool) -> None:
        """Create a world in which anything may happen; the study may have a cap of its own."""
        self.world = World(MAX_SERVERS)
        self.world.invariants.ids_become_names = False
        if has_own_cap:
            self.world.limit_project(OWN_MAX_SERVERS)
        self.chaos = Chaos(self.world, seed)

    def _meet(self, user: str) -> Participant:
        Histories.operations += 1
        person = self.world.meet(user)
        person.says_step = user != OLD  # one of them has an existing front end
        return person

    # ---- participants -----------------------------------------------------------------------------------

    @rule(user=USERS)
    def go_on(self, user: str) -> None:
        """Let the page do what comes next."""
        self._meet(user).try_once()

    @rule(user=USERS, seconds=st.floats(0, 40))
    def go_on_after(self, user: str, seconds: float) -> None:
        """Let the participant take their time, and then continue."""
        self.world.scheduler.wait(seconds)
        self._meet(user).try_once()

    @rule(user=USERS)
    def click_twice(self, user: str) -> None:
        """Send the same request twice at once."""
        person = self._meet(user)
        if not person.says_step:
            return  # two answers without `step` are two answers
        request = person.choose_request()
        programs = [person.begin(request) for _ in range(2)]
        for program in programs:
            self.world.scheduler.run_program(program)
            self.world.take_answer(program)

    @rule(user=USERS)
    def come_in_two_tabs(self, user: str) -> None:
        """Send two different answers at once."""
        person = self._meet(user)
        if not person.says_step:
            return
        programs = [person.begin(Request("POST", person.build_answer(), person.step)) for _ in range(2)]
        for program in programs:
            self.world.scheduler.run_program(program)
            self.world.take_answer(program)

    @rule(user=USERS, back=st.integers(0, 3))
    def answer_late(self, user: str, back: int) -> None:
        """Send an answer to an earlier page."""
        person = self._meet(user)
        if person.step >= back:
            person.send(Request("POST", person.build_answer(), person.step - back))

    @rule(user=USERS)
    def reload(self, user: str) -> None:
        """Reload the page."""
        self._meet(user).send(Request("GET", step=0))

    # ---- servers and AWS --------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 5, 20, 60, 60, 120, 120, 600, 1800]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._meet("ada")
        self.world.scheduler.wait(seconds)

    @rule(user=USERS, code=st.sampled_from(["SpotInterruption", "EssentialContainerExited"]))
    def end_task(self, user: str, code: str) -> None:
        """Let Spot take a task back, or its container crash."""
        self._meet(user)
        for task in self.world.ecs.list_living(user):
            self.world.ecs.end_task(task, code, "simulated", seconds=30 if code == "SpotInterruption" else 0)

    @rule(user=USERS)
    def end_idle(self, user: str) -> None:
        """Let a game server end itself as if there was no player, whether or not that is true."""
        self._meet(user)
        self.world.end_idle(user)

    @rule(user=USERS)
    def come_back(self, user: str) -> None:
        """Let the page of a game ask whether its server is still there."""
        person = self._meet(user)
        if person.last.get("page") == "show_game_page" and person.says_step:
            person.send(Request("GET", step=person.step - 1))

    @rule(
        provider=st.sampled_from(["FARGATE_SPOT", "FARGATE"]),
        kind=st.sampled_from(["", "refused", "stopped"]),
    )
    def change_capacity(self, provider: str, kind: str) -> None:
        """Take a provider's capacity away, or restore it."""
        self._meet("ada")
        self.world.ecs.shortages[provider] = kind

    @rule(service=SERVICES, seconds=st.floats(1, 120))
    def throttle(self, service: str, seconds: float) -> None:
        """Let a service refuse everything for a while."""
        self._meet("ada")
        self.world.boundary.limits.storms[service] = self.world.scheduler.time + seconds

    @rule(number=st.integers(0, 9))
    def kill(self, number: int) -> None:
        """Let a function run out of memory."""
        self._meet("ada")
        programs = self.world.lambdas.programs
        if programs:
            programs[number % len(programs)].ends = self.world.scheduler.time

    @rule(
        operation=st.sampled_from(
            [
                "s3:PutObject",
                "events:PutTargets",
                "events:RemoveTargets",
                "ecs:RunTask",
                "route53:ChangeResourceRecordSets",
            ]
        )
    )
    def refuse(self, operation: str) -> None:
        """Let AWS refuse in a way that raises no error, or is rare."""
        self._meet("ada")
        self.world.boundary.own_refusals[operation]()

    @rule()
    def register(self) -> None:
        """Register a new revision of the task definition: the parameters of RunTask change."""
        self._meet("ada")
        self.world.ecs.revision += 1

    @rule()
    def sweep(self) -> None:
        """Let the periodic rule fire."""
        self._meet("ada")
        self.world.send_sweep()

    @rule(key=IMAGE_KEYS, body=IMAGE_BODIES)
    def write_as_an_image(self, key: str, body: bytes) -> None:
        """Let a game's image write any object that it can reach."""
        self._meet("ada")
        self.world.s3.objects[key] = body

    # ---- operators --------------------------------------------------------------------------------------

    @rule(user=USERS, delay=st.sampled_from([0, 0, 1, 10]))
    def stop(self, user: str, delay: int) -> None:
        """Let an operator stop a server, now or in some minutes."""
        self._meet(user)
        self.world.send_stop(user, **({"delay": delay} if delay else {}))

    @rule()
    def replay_dead_letters(self) -> None:
        """Retry every dead letter."""
        self._meet("ada")
        letters, self.world.lambdas.dead_letters = self.world.lambdas.dead_letters, []
        for letter in letters:
            self.world.sns.deliver_later(letter.message, 0.1)

    def teardown(self) -> None:
        """Calm AWS: all participants reach the end of the study, and nothing is left."""
        if not hasattr(self, "world"):
            return
        self.chaos.calm()
        for person in self.world.people.values():
            person.finish()
        self.world.settle()
