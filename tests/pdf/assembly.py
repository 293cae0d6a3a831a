"""Agreements of other sizes, scripts and papers than the demo's, for the renderer's tests and pictures."""

from __future__ import annotations

from functools import cache

from signing_service.agreement.source import Source, parse_source
from signing_service.agreement.words import words_for
from tests.agreement.alliance import files

# ruff: noqa: E501 - sentences are long, and their letters wide
# The same sentence in scripts whose lines are hard to break, with digits, Latin and marks stacked above and below.
SENTENCES = {
    "th": "มหาวิทยาลัยตัวอย่างแห่งนี้ร่วมมือกับสมาชิกทุกแห่งเพื่อส่งเสริมการแลกเปลี่ยนนักศึกษาและคณาจารย์ ตลอดจนการวิจัยร่วมกันในด้าน AI และเทคโนโลยีสารสนเทศ ตั้งแต่ปี 2025 เป็นต้นไป",
    "km": "សាកលវិទ្យាល័យគំរូនេះសហការជាមួយសមាជិកទាំងអស់ដើម្បីលើកកម្ពស់ការផ្លាស់ប្តូរនិស្សិតនិងសាស្ត្រាចារ្យ ព្រមទាំងការស្រាវជ្រាវរួមគ្នាក្នុងវិស័យបច្ចេកវិទ្យា AI ចាប់ពីឆ្នាំ 2025 តទៅ។",
    "lo": "ມະຫາວິທະຍາໄລຕົວຢ່າງແຫ່ງນີ້ຮ່ວມມືກັບສະມາຊິກທັງໝົດເພື່ອສົ່ງເສີມການແລກປ່ຽນນັກສຶກສາແລະອາຈານ ພ້ອມທັງການຄົ້ນຄວ້າຮ່ວມກັນໃນດ້ານ AI ແລະເຕັກໂນໂລຊີຂໍ້ມູນຂ່າວສານ ນັບແຕ່ປີ 2025 ເປັນຕົ້ນໄປ",
    "my": "ဤနမူနာတက္ကသိုလ်သည် အဖွဲ့ဝင်အားလုံးနှင့် ပူးပေါင်း၍ ကျောင်းသားများနှင့် ဆရာများ ဖလှယ်ရေးကို မြှင့်တင်ပြီး AI နှင့် သတင်းအချက်အလက်နည်းပညာ သုတေသနကို ၂၀၂၅ ခုနှစ်မှစ၍ ဆောင်ရွက်မည်။",
    "ru": "Университет-образец сотрудничает со всеми членами альянса, содействуя обмену студентами и преподавателями, а также совместным исследованиям в области ИИ (AI) и информационных технологий, начиная с 2025 года.",
    "vi": "Trường Đại học Mẫu hợp tác với tất cả các thành viên để thúc đẩy việc trao đổi sinh viên và giảng viên, cũng như nghiên cứu chung về trí tuệ nhân tạo (AI) và công nghệ thông tin, kể từ năm 2025.",
    "kk": "Үлгілік университет одақтың барлық мүшелерімен ынтымақтаса отырып, студенттер мен оқытушылар алмасуын, сондай-ақ ЖИ (AI) саласындағы бірлескен зерттеулерді 2025 жылдан бастап дамытады.",
    "zh-Hant": "樣本大學與聯盟各成員合作，促進師生交流，並自2025年起在人工智能（AI）與資訊技術領域開展聯合研究；「龜」「鬱」「龘」等罕見字亦須正確印出。",
}  # fmt: skip

PARTY = """
[[parties]]
id = "p{number}"
name = "Specimen University Number {number}"
native_name = "{native}"
native_language = "{language}"
country = "{country}"
time_zone = "UTC"
[[parties.signers]]
role = "rector"
title = {{ {titles} }}
"""
NATIVES = [
    ("样本大学第{}号", "zh"), ("มหาวิทยาลัยตัวอย่าง {}", "th"), ("Университет-образец № {}", "ru"),
    ("សាកលវិទ្យាល័យគំរូ {}", "km"), ("ມະຫາວິທະຍາໄລຕົວຢ່າງ {}", "lo"), ("နမူနာတက္ကသိုလ် {}", "my"),
    ("Trường Đại học Mẫu số {}", "vi"), ("Үлгілік университет {}", "kk"),
]  # fmt: skip


@cache
def of_parties(count: int, paper: str = "A4") -> Source:
    """The demo's text with ``count`` parties."""
    toml = files(toml=('paper = "A4"', f'paper = "{paper}"'))["agreement.toml"].decode()
    head = toml[: toml.index("[[parties]]")]
    return parse_source({**files(), "agreement.toml": (head + _parties(count, ("en", "zh"))).encode()})


@cache
def in_languages(*languages: str, repeat: int = 6) -> Source:
    """A short agreement in languages of SENTENCES, each paragraph its sentence several times over."""
    words = words_for("en")
    own = "".join(
        f"[words.{language}]\n" + "".join(f'{name} = "{getattr(words, name)}"\n' for name in words.__slots__)
        for language in languages
    )
    titles = "\n".join(f'{language} = "{SENTENCES[language][:24].strip()}"' for language in languages)
    quoted = ", ".join(f'"{language}"' for language in languages)
    rules = '[rules]\nsignatures = { kind = "all" }\nentry_into_force = { kind = "on-countersignature" }\n'
    toml = f'reference = "S/1"\nversion = "1.0"\nlanguages = [{quoted}]\n[title]\n{titles}\n{rules}{own}'
    texts = {f"{language}.md": _text(SENTENCES[language], repeat).encode() for language in languages}
    return parse_source({"agreement.toml": (toml + _parties(len(NATIVES), languages)).encode(), **texts})


def _text(sentence: str, repeat: int) -> str:
    return f"{sentence}\n\n## {sentence[:18].strip()} {{#one}}\n\n{sentence}\n\n{' '.join([sentence] * repeat)}\n"


def _parties(count: int, languages: tuple[str, ...]) -> str:
    parties = []
    titles = ", ".join(f'{language} = "Rector"' for language in languages)
    for index in range(count):
        native, language = NATIVES[index % len(NATIVES)]
        parties.append(
            PARTY.format(
                number=index + 1, native=native.format(index + 1), language=language, country="UN", titles=titles
            )
        )
    return "".join(parties)
