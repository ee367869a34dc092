"""The style sheet: light and dark, and larger on a phone."""

from videosession.timeline.picture.svg import tag

STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#1f2328}
.head{font-size:27px;font-weight:650}.normal{font-size:16px}.small{font-size:14px;fill:#59636e}
.halo{paint-order:stroke;stroke:#fff;stroke-width:5px;stroke-linejoin:round}
.paper{fill:#fff}.frame{fill:none;stroke:#d1d9e0}.tick{stroke:#d1d9e0;stroke-dasharray:2 4}
.play{stroke:#0969da;stroke-width:3.5;stroke-linecap:round}.thin{stroke-width:2;stroke-linecap:butt}
.stand{stroke:#0969da;stroke-width:1.5;stroke-dasharray:1 4;stroke-linecap:round}
.jump{stroke:#bc4c00;stroke-width:1.3}.untold{stroke-dasharray:5 3}.faint{opacity:.32}
.cross,.edge{stroke:#8250df;stroke-width:1.5}.cross{stroke-dasharray:2 3}
.play,.stand,.jump,.cross,.edge,.fold{fill:none}
.branch{fill:#8250df}
.paused{fill:#818b98;opacity:.22}.stalled{fill:#cf222e;opacity:.22}.ad{fill:#bf8700;opacity:.26}
.paused,.stalled,.ad,.heat{shape-rendering:crispEdges}
.gap{fill:#fff}.fold{stroke:#818b98}
.heat{fill:#0969da}.heat1{opacity:.25}.heat2{opacity:.42}.heat3{opacity:.6}.heat4{opacity:.8}
.boxed{font-size:15px}.box{fill:#f6f8fa;stroke:#8250df;stroke-width:1.5}
@media (max-width:520px){.head{font-size:30px}.normal{font-size:20px}.small{font-size:18px}.boxed{font-size:17px}}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}.small{fill:#9198a1}.halo{stroke:#0d1117}.paper,.gap{fill:#0d1117}.frame,.tick{stroke:#3d444d}
.play,.stand{stroke:#4493f8}.heat{fill:#4493f8}.jump{stroke:#f0883e}.cross,.edge{stroke:#ab7df8}
.branch{fill:#ab7df8}.paused{fill:#9198a1}.stalled{fill:#f85149}.ad{fill:#d29922}.fold{stroke:#656c76}
.box{fill:#151b23;stroke:#ab7df8}}
"""
POINT = tag(
    "marker",
    tag("path", class_="branch", d="M0 0L8 4L0 8Z"),
    id="timeline-branch",
    viewBox="0 0 8 8",
    refX=7,
    refY=4,
    markerWidth=10,
    markerHeight=10,
    markerUnits="userSpaceOnUse",
    orient="auto",
)
