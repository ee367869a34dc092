"""The path through the nodes: choices, visits and chapters."""

from videosession.timeline.playhead import Playhead
from videosession.timeline.stretches import AD, SEEKING
from videosession.timeline.viewing import Chapter, Departure, Node

DUPLICATE_WINDOW = 2_001_000  # microseconds after entering a node in which a second event may report the same entry


class Path(Playhead):
    """Follows the viewer from node to node."""

    def __init__(self) -> None:
        super().__init__()
        self.left: Node | None = None
        self.entered = self.watched_before = 0
        self.offered: int | None = None

    def choice_offer(self) -> None:
        self.offered = self.now

    def choice(
        self,
        node: str | None,
        from_node: str | None,
        option: str | None,
        cause: str | None,
        position: float | None,
        from_position: float | None,
        to_position: float | None,
        duration: float | None,
    ) -> None:
        if node is None:
            self.invalid()
            return
        if from_node is not None and self.nameless:
            self.rename(from_node)
        position = from_position if position is None else position
        self.branch(node, option, "choice" if cause is None else cause, position, to_position, duration)

    def node_enter(
        self,
        node: str | None,
        to_node: str | None,
        from_node: str | None,
        option: str | None,
        cause: str | None,
        position: float | None,
        to_position: float | None,
        duration: float | None,
    ) -> None:
        node = to_node if node is None else node
        if node is None:
            self.invalid()
            return
        named = self.nameless and (from_node is not None or self.unseen)
        if named:
            self.rename(node if from_node is None else from_node)
        if (named and from_node is None) or (not named and self.is_duplicate_entry(node, from_node)):
            self.arrive(to_position, duration)
        else:
            self.branch(node, option, "auto" if cause is None else cause, position, to_position, duration)

    def branch(
        self,
        id: str,
        option: str | None,
        cause: str,
        position: float | None,
        to_position: float | None,
        duration: float | None,
    ) -> None:
        """Leave the node for another, which is an edge of the graph and never a jump."""
        if self.mode in (AD, SEEKING):
            self.mode = self.back
        self.let_go(position)
        edges = self.viewing.edges
        edge = (self.node.id, id, option, cause)
        edges[edge] = edges.get(edge, 0) + 1
        self.end_span()
        self.left, left_at = self.node, self.at
        decision = None if self.offered is None else self.now - self.offered
        self.chapter = self.offered = None
        self.begin_anew()
        self.visit(id)
        self.viewing.departures.append(Departure(self.left, self.node, option, cause, self.now, left_at, decision))
        self.arrive(to_position, duration)

    def visit(self, id: str | None) -> None:
        nodes = self.viewing.nodes
        if id not in nodes:
            nodes[id] = Node(id)
        self.node = nodes[id]
        self.node.visits += 1
        self.viewing.path.append(self.node)
        self.entered = self.now
        self.watched_before = len(self.viewing.segments)

    def arrive(self, position: float | None, duration: float | None) -> None:
        """Set the entered node's duration and, if nothing was watched on this visit, where playback begins."""
        if duration is not None:
            self.node.measure(duration)
        if position is not None and self.unseen:
            self.begin_at(self.node.within(position))

    @property
    def unseen(self) -> bool:
        """Whether nothing was watched on this visit."""
        return self.unwatched and len(self.viewing.segments) == self.watched_before

    def is_duplicate_entry(self, node: str, from_node: str | None) -> bool:
        """Return whether an event repeats the current visit: applications send both `choice` and `nodeEnter`."""
        if node != self.node.id or (from_node is not None and (self.left is None or from_node != self.left.id)):
            return False
        return self.unseen or self.now - self.entered <= DUPLICATE_WINDOW

    @property
    def nameless(self) -> bool:
        """Whether the viewer is still on the first node, and its name is unknown."""
        return self.node.id is None and not self.viewing.edges

    def rename(self, id: str) -> None:
        nodes = self.viewing.nodes
        nodes[id] = nodes.pop(self.node.id)
        self.node.id = id

    # Chapters

    def chapter_start(self, index: float | None, title: str | None) -> None:
        key = (self.node, "title", title) if index is None else (self.node, "index", index)
        self.chapter = self.viewing.chapters.setdefault(key, Chapter(self.node, index, title))

    def chapter_complete(self, index: float | None, title: str | None) -> None:
        if self.chapter is not None:
            self.chapter.completed = True
            self.chapter = None

    def chapter_skip(self, index: float | None, title: str | None) -> None:
        self.chapter = None
