"""The style of the report's page: its own, with the fonts that computers have for each script; nothing is fetched.

Whoever saves a page may put a typeface called EMBEDDED into it, with the letters that it needs.
"""

from __future__ import annotations

EMBEDDED = "Of this report"
STYLE = """
body { font: 11pt/1.45 "Of this report", "Noto Sans", system-ui, "Segoe UI", "Noto Sans Thai", "Leelawadee UI",
  "Noto Sans Khmer", "Khmer OS", "Khmer UI", "Noto Sans Lao", "Lao UI", "Noto Sans Myanmar", "Myanmar Text", sans-serif;
  margin: 2rem auto; max-width: 52rem; padding: 0 1rem;
  color: #1b1f24; background: #fff }
:lang(zh) { font-family: "Of this report", "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC",
  "Microsoft YaHei", "WenQuanYi Zen Hei", sans-serif }
:lang(th) { font-family: "Of this report", "Noto Sans Thai", "Leelawadee UI", "Sukhumvit Set", Thonburi, Tahoma,
  "Noto Sans", sans-serif }
:lang(en) { font-family: "Of this report", "Noto Sans", system-ui, "Segoe UI", sans-serif; line-height: 1.45 }
:lang(zh-Hant) { font-family: "Of this report", "Noto Sans TC", "Noto Sans CJK TC", "PingFang TC",
  "Microsoft JhengHei", sans-serif }
:lang(km), :lang(lo), :lang(my), :lang(th) { line-height: 1.75 }
h1 { font-size: 1.5rem; border-left: .5rem solid; padding-left: .75rem }
h2 { font-size: 1.1rem; margin-top: 1.75rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #d0d7de; padding: .35rem .5rem; text-align: left; vertical-align: top }
th[scope=row] { white-space: nowrap; width: 9rem }
td { overflow-wrap: anywhere }
dl { margin: 0 } dt, dd { display: inline; margin: 0 } dt { font-weight: 600; font-size: .85em; color: #57606a }
dd::after { content: "\\A"; white-space: pre }
.signatures { table-layout: fixed }
.signatures th:first-child { width: 26% } .signatures th:nth-child(2) { width: 28% }
.signatures code { font-size: .75em }
.signatures td { overflow-wrap: break-word }
.steps td:last-child, .steps th:last-child { text-align: right }
summary { margin-top: 1.75rem; font-weight: 600; cursor: pointer }
.PASSED { color: #1a6b34 } .FAILED { color: #a40e26 } .INDETERMINATE { color: #7d4e00 }
code { font-size: .85em; overflow-wrap: anywhere }
@media screen and (max-width: 45rem) {
  th[scope=row] { white-space: normal; width: auto }
  .signatures, .signatures tbody, .signatures tr, .signatures td { display: block; border: 0 }
  .signatures thead { display: none }
  .signatures tr { border-bottom: 1px solid #d0d7de; padding: .5rem 0 }
}
@page { margin: 15mm }
@media print { body { font-size: 9.5pt; margin: 0; max-width: none; padding: 0 } tr { break-inside: avoid } }
"""
