"""How a report looks: one column on a phone, more where there is room, nothing torn apart on paper."""

STYLE = """
:root { color-scheme: light; font: 16px/1.45 system-ui, sans-serif; color: #1c2127; background: #fff; }
body { margin: 0 auto; max-width: 1180px; padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0; }
header p, figcaption, footer { color: #59636e; margin: 0; }
footer { font-size: .85rem; margin-top: 2rem; }
.numbers { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; }
.numbers div { background: #eef3f8; border-radius: 8px; padding: .5rem .9rem; }
.numbers dt { color: #59636e; font-size: .85rem; }
.numbers dd { font-size: 1.3rem; font-weight: 600; margin: 0; }
.remark { background: #fff4d6; border-radius: 8px; padding: .5rem .9rem; }
.charts { display: grid; gap: 1.2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 350px), 1fr)); }
figure, section { border: 1px solid #d5dce3; border-radius: 8px; margin: 0; padding: .9rem; }
section { margin-top: 1.2rem; }
svg { display: block; height: auto; margin: .5rem auto 0; max-width: 100%; width: 460px; }
svg text { font-family: system-ui, sans-serif; }
details { font-size: .9rem; margin-top: .5rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin-top: .4rem; }
th, td { border-bottom: 1px solid #e3e8ed; padding: .25rem .8rem .25rem 0;
  text-align: left; vertical-align: top; }
td { overflow-wrap: break-word; }
section td:last-child { min-width: 13rem; }
@media print {
  :root { font-size: 11px; }
  body { max-width: none; padding: 0; }
  .charts { display: block; }
  figure { break-inside: avoid; display: inline-block; margin: 0 1% 1rem 0; vertical-align: top; width: 45%; }
  section { break-inside: avoid; }
  summary { display: none; }
  .numbers div, .remark { border: 1px solid #d5dce3; print-color-adjust: exact; }
}
"""
