"""How the report looks, and what it says of its methods: the fixed text of the page."""

from __future__ import annotations

CSS = """
:root{--ink:#1c2430;--soft:#5b6675;--paper:#fff;--panel:#f5f7f9;--line:#dfe4ea;--accent:#2f6f9f;--warn:#fff4dc;--warnline:#d9a441}
@media(prefers-color-scheme:dark){:root{--ink:#e7ebf0;--soft:#9ba7b5;--paper:#14181d;--panel:#1c2229;--line:#323b46;
--accent:#6fb1e0;--warn:#2d2614;--warnline:#a37b2c}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:56rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.6rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.2rem 0 .3rem}
p{margin:.2rem 0 .7rem;color:var(--soft);max-width:44rem}
.sub{overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin-top:1rem}
.card{background:var(--panel);border:1px solid var(--line);border-radius:.6rem;padding:.7rem .9rem}
.card>*{display:block}
.card b{font-size:1.75rem;line-height:1.25;font-variant-numeric:tabular-nums}
.card span,.card small,small{color:var(--soft)}
.warn{background:var(--warn);border-left:4px solid var(--warnline);border-radius:.3rem;padding:.2rem 1rem .6rem}
.warn{margin-top:1.5rem}.warn p,.warn li{color:var(--ink)}
.warn h2{margin-top:.6rem}.warn ul{margin:.3rem 0;padding-left:1.2rem}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch;
background:linear-gradient(var(--paper),var(--paper)) right/1.6rem 100% no-repeat local,
linear-gradient(to left,transparent 1px,color-mix(in srgb,var(--soft) 40%,transparent) 1px,transparent)
right/.9rem 100% no-repeat scroll}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.93rem;min-width:100%}
th,td{padding:.38rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;font-weight:400}
thead th{color:var(--soft);font-size:.85rem;vertical-align:bottom}
th:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
.name i{display:inline-block;width:.8em;height:.8em;border-radius:.2em;border:1px solid var(--line)}
.name i{margin-right:.45em;vertical-align:-.05em}
.meter{display:block;height:4px;border-radius:2px;background:var(--line);margin-top:3px;min-width:4.5rem}
.meter i{display:block;height:100%;border-radius:2px;background:var(--accent)}
.heat{background:color-mix(in srgb,var(--accent) calc(var(--share)*.55),transparent)}
svg{display:block;width:100%;max-width:34rem;height:auto}
svg text{fill:var(--soft);font:11.5px system-ui,sans-serif}
svg .value,svg .name{fill:var(--ink)}
.grid{stroke:var(--line)}.axis{stroke:var(--soft)}
.bar{fill:var(--accent)}.dot{fill:var(--accent);fill-opacity:.75;stroke:var(--paper)}
.gap{stroke:var(--accent);stroke-opacity:.5}
.ideal{stroke:var(--soft);stroke-dasharray:4 4}
.whisker{stroke:var(--ink);stroke-width:2}.mark{stroke:var(--soft);stroke-width:2.5}
circle.class{stroke:var(--ink)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.9rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
details{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.8rem;font-size:.92rem}
summary{cursor:pointer;font-weight:600}
a{color:var(--accent)}
@media(max-width:30rem){main{padding:1rem .8rem 2rem}h1{font-size:1.3rem}.cards{grid-template-columns:1fr 1fr}
.card b{font-size:1.45rem}th,td{padding:.35rem .45rem}.wrap th:first-child{white-space:normal}
dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
@media print{body{font-size:11pt}.scroll{overflow:visible}section{break-inside:avoid}details{display:none}}
"""

METHODS = """<details><summary>How the figures are made</summary>
<p>Only pixels with a class in the map and in the reference count. IoU is the pixels of a class on which both agree, divided
by those that either gives it; a class in neither has none and is left out of means. Intervals behind IoU and accuracy
of a full reference come from drawing square blocks of ground with replacement, because neighbouring pixels err together.</p>
<p>A border pixel has one of its four neighbours in another class; raster edges and unlabelled ground make no border.
Boundary F1: border pixels of a class with a border pixel of the same class in the other layer within the tolerance,
straight-line distance between pixel centres, over the whole raster
(<a href="https://doi.org/10.5244/C.27.32">Csurka et al. 2013</a>). Boundary IoU: IoU of the inner bands of that width
(<a href="https://arxiv.org/abs/2103.16562">Cheng et al. 2021</a>, with the width in pixels). The raster is read in tiles
with a margin; the figures are those of the whole raster exactly.</p>
<p>Expected calibration error: ten equal bins of confidence (<a href="https://arxiv.org/abs/1706.04599">Guo et al. 2017</a>).
Pieces are pixels of one class joined by sides or corners.</p>
<p>Estimates from a sample: stratified estimators (<a href="https://doi.org/10.1016/j.rse.2014.02.015">Olofsson et al.
2014</a>; <a href="https://doi.org/10.1080/01431161.2014.930207">Stehman 2014</a>), 95 % intervals as 1.96 standard errors,
no finite population correction. Such intervals are too narrow where a class rests on a handful of points, above all on a
few points of it that the map missed: draw more points before you rely on them.</p></details>"""
