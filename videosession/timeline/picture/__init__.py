"""A viewing at a glance: wall-clock time across, position up, a lane for each node, and the branches beneath.

No script and no outside resource; text from clients is cut, cleaned and escaped. What is too small to be seen, or more
than can be drawn, is left out, and the picture says so: it stays small however long the session was.
"""

from videosession.timeline.picture import graph, lanes
from videosession.timeline.picture.axis import Axis, clock, spoken
from videosession.timeline.picture.svg import label, plain, tag
from videosession.timeline.picture.words import count, facts, headline, lines
from videosession.timeline.summary import instant

WIDTH = 640
LEFT, RIGHT = 78.0, 590.0
LANES = 8
STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#1f2328}
.head{font-size:27px;font-weight:650}.normal{font-size:16px}.small{font-size:14px;fill:#59636e}
.halo{paint-order:stroke;stroke:#fff;stroke-width:5px;stroke-linejoin:round}
.paper{fill:#fff}.frame{fill:none;stroke:#d1d9e0}.tick{stroke:#d1d9e0;stroke-dasharray:2 4}
.play{stroke:#0969da;stroke-width:3.5;stroke-linecap:round}
.stand{stroke:#0969da;stroke-width:1.5;stroke-dasharray:1 4;stroke-linecap:round}
.jump{stroke:#bc4c00;stroke-width:1.3}.untold{stroke-dasharray:5 3}.faint{opacity:.35}
.cross,.edge{stroke:#8250df;stroke-width:1.5}.cross{stroke-dasharray:2 3}
.play,.stand,.jump,.cross,.edge,.fold{fill:none}
.tip{fill:#bc4c00}.branch{fill:#8250df}
.paused{fill:#818b98;opacity:.22}.stalled{fill:#cf222e;opacity:.22}.ad{fill:#bf8700;opacity:.26}
.gap{fill:#fff}.fold{stroke:#59636e;stroke-width:1.5}
.heat{fill:#0969da}.heat1{opacity:.25}.heat2{opacity:.42}.heat3{opacity:.6}.heat4{opacity:.8}
.box{fill:#f6f8fa;stroke:#8250df;stroke-width:1.5}
@media (max-width:520px){.head{font-size:30px}.normal{font-size:20px}.small{font-size:18px}}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}.small{fill:#9198a1}.halo{stroke:#0d1117}.paper,.gap{fill:#0d1117}.frame,.tick{stroke:#3d444d}
.play,.stand{stroke:#4493f8}.heat{fill:#4493f8}.jump{stroke:#f0883e}.tip{fill:#f0883e}.cross,.edge{stroke:#ab7df8}
.branch{fill:#ab7df8}.paused{fill:#9198a1}.stalled{fill:#f85149}.ad{fill:#d29922}.fold{stroke:#9198a1}
.box{fill:#151b23;stroke:#ab7df8}}
"""
MARKERS = "".join(
    tag(
        "marker",
        tag("path", class_=kind, d="M0 0L8 4L0 8Z"),
        id=f"timeline-{kind}",
        viewBox="0 0 8 8",
        refX=7,
        refY=4,
        markerWidth=size,
        markerHeight=size,
        markerUnits="userSpaceOnUse",
        orient="auto",
    )
    for kind, size in (("tip", 9), ("branch", 10))
)


def picture(viewing, answer):
    """Return an SVG of a `Viewing` and the answer that it amounts to."""
    page = Page(viewing, answer)
    page.write()
    return tag(
        "svg",
        tag("title", f"Timeline: {headline(answer)}", id="timeline-title")
        + tag("desc", described(viewing, answer, page.notes), id="timeline-desc")
        + tag("style", STYLE)
        + tag("defs", MARKERS)
        + tag("rect", class_="paper", width=WIDTH, height=page.y)
        + "".join(page.parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {page.y:g}",
        role="img",
        aria_labelledby="timeline-title timeline-desc",
    )


def described(viewing, answer, notes):
    """Tell those who do not see the picture what it shows."""
    nodes = [
        f"{plain(node['id']) if node['id'] is not None else 'video'}: {spoken(node['uniqueSeconds'])} seen"
        for node in answer["graph"]["nodes"][:LANES]
    ]
    return ". ".join([headline(answer), *facts(answer), *nodes, *notes]) + "."


class Page:
    """What is drawn so far, and how far down it reaches."""

    def __init__(self, viewing, answer):
        self.viewing, self.answer = viewing, answer
        self.parts, self.notes = [], []
        self.y = 42.0

    def write(self):
        self.parts.append(label(headline(self.answer), 16, self.y, "head"))
        for each in lines(facts(self.answer)):
            self.say(each)
        if self.viewing.path:
            self.lanes()
            if self.answer["graph"]["edges"]:
                self.graph()
            self.legend()
        for each in self.notes:
            self.say(each, "small")
        self.y += 20

    def say(self, text, classes="normal"):
        self.y += 26
        self.parts.append(label(text, 16, self.y, classes))

    def lanes(self):
        viewing, axis = self.viewing, Axis(self.viewing, LEFT, RIGHT)
        chosen = self.chosen()
        ends = lanes.furthest(viewing)
        height = {1: 240.0, 2: 150.0, 3: 120.0}.get(len(chosen), 90.0)
        named = len(viewing.nodes) > 1 or None not in viewing.nodes
        top = self.y + 16
        placed = {}
        for node in chosen:
            top += lanes.HEAD if named else 6.0
            placed[node] = lanes.Lane(node, top, height, ends[node])
            top += height + 10
        self.y = top - 10
        self.draw(placed, axis, named)
        self.ticks(axis, next(iter(placed.values())).top)

    def chosen(self):
        """Return the nodes that there is room for: those seen longest, in the order of their first visit."""
        nodes = list(self.viewing.nodes.values())
        if len(nodes) <= LANES:
            return nodes
        seen = {node["id"]: node["watchedSeconds"] for node in self.answer["graph"]["nodes"]}
        kept = set(sorted(nodes, key=lambda node: -seen[node.id])[:LANES])
        self.notes.append(f"The {LANES} nodes watched longest are drawn; {count(len(nodes) - LANES, 'more')} are not.")
        return [node for node in nodes if node in kept]

    def draw(self, placed, axis, named):
        viewing = self.viewing
        areas, stood = lanes.bands(viewing, placed, axis)
        told, untold = lanes.arrows(viewing, placed, axis)
        played = lanes.strokes(viewing, placed, axis)
        faint = " faint" if len(told) + len(untold) > 80 else ""
        arrow = {} if faint else {"marker_end": "url(#timeline-tip)"}
        self.kinds = {"play": played, **areas, "jump": told or untold}
        views = {each["node"]: each["views"] for each in self.answer["heatmap"]}
        seen = {node["id"]: node["uniqueSeconds"] for node in self.answer["graph"]["nodes"]}
        self.parts += [tag("path", class_=kind, d=area) for kind, area in areas.items()]
        for lane in placed.values():
            self.parts.append(lanes.outline(lane, LEFT, RIGHT))
            self.parts.append(lanes.heading(lane, LEFT, seen[lane.node.id], named))
            self.parts.append(lanes.strip(lane, views[lane.node.id], RIGHT + 12))
        self.parts += [lanes.drawn("cross", lanes.crossings(viewing, placed, axis)), lanes.drawn("stand", stood)]
        self.parts += [lanes.drawn("jump" + faint, told, **arrow), lanes.drawn("jump untold" + faint, untold, **arrow)]
        self.parts.append(lanes.drawn("play", played))
        self.folds(axis, next(iter(placed.values())).top)
        self.left_out(len(told) + len(untold), len(played))

    def folds(self, axis, top):
        for fold in axis.folds:
            x, width = axis(fold.start), axis(fold.end) - axis(fold.start)
            middle = x + width / 2
            said = f"{spoken((fold.end - fold.start) / 1e6)} {fold.mode}"
            self.parts.append(tag("rect", class_="gap", x=x + 2, y=top + 1, width=width - 4, height=self.y - top - 2))
            zigzag = "".join(f"M{edge:g} {top - 4:g}l-4 8l8 0l-4 8V{self.y:g}" for edge in (x + 2, x + width - 2))
            self.parts.append(tag("path", class_="fold", d=zigzag, stroke_dasharray="6 4"))
            turned = f"rotate(-90 {middle:.1f} {(top + self.y) / 2:.1f})"
            self.parts.append(
                label(said, middle, (top + self.y) / 2 + 6, "small", text_anchor="middle", transform=turned)
            )
        if axis.folds:
            self.notes.append("Long times in which nothing played are folded.")

    def left_out(self, arrows, strokes):
        jumps, segments = len(self.viewing.jumps), len(self.viewing.segments)
        if jumps > arrows:
            self.notes.append(f"{count(jumps, 'jump')}; those that look different are drawn, {arrows} of them.")
        if strokes >= lanes.STROKES:
            self.notes.append(f"{count(segments, 'stretch', 'stretches')} were watched; the longest are drawn.")

    def ticks(self, axis, top):
        marks = axis.ticks()
        self.y += 20
        for x, second in marks:
            anchor = "end" if x > RIGHT - 24 else "middle"
            self.parts.insert(0, tag("path", class_="tick", d=f"M{x:.1f} {top:.1f}V{self.y - 16:.1f}"))
            self.parts.append(label(clock(second), x, self.y, text_anchor=anchor))
        since = instant(self.viewing.first)
        self.say(f"since {since[:10]} {since[11:19]} UTC, over {spoken((axis.last - axis.first) / 1e6)}", "small")

    def graph(self):
        self.y += 34
        drawing, height, missing = graph.draw(self.answer, self.y, WIDTH)
        self.parts.append(drawing)
        self.y += height + 8
        if missing:
            self.notes.append(f"The graph has {count(missing, 'more node')} than there is room for.")

    def legend(self):
        """Name the marks that are there, and no others."""
        names = {"play": "playing", "jump": "jump", "paused": "paused", "stalled": "stalled", "ad": "ad"}
        self.y += 30
        x = 16.0
        for kind, name in names.items():
            if self.kinds.get(kind):
                self.parts.append(swatch(kind, x, self.y) + label(name, x + 32, self.y))
                x += 52 + 10 * len(name)


def swatch(kind, x, y):
    if kind in ("play", "jump"):
        return tag("path", class_=kind, d=f"M{x:g} {y:g}l24 -11")
    return tag("rect", class_=kind, x=x, y=y - 13, width=24, height=15)
