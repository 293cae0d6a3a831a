"""The cast: the universities and people that the tests speak of. All but the host university are made up.

One cast everywhere, so that a reader meets the same names in every test: Nanjing hosts, Somchai's university comes
second, Khmer and Burmese names try the shaping, Saule signs beside her president, Ms Observer attests as a guest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

NOON = datetime(2025, 4, 11, 4, 0, 0, tzinfo=UTC)  # noon in Nanjing on the day of the ceremony
ORIGIN = "sign.example.org"
PUBLIC_URL = f"https://{ORIGIN}"
ALLIANCE = "12 Countries, 12 Universities International Alliance"
PASSPHRASE = "correct horse battery staple"  # of the tests' keys, nobody else's
PASSWORD = "a password that only the tests use"


@dataclass(frozen=True, slots=True)
class University:
    """A party: names in English and in its own language and script, country, time zone."""

    id: str
    name: str
    native_name: str
    native_language: str  # BCP 47
    country: str  # ISO 3166-1 alpha-2
    time_zone: str  # IANA
    guest: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A representative or officer. ``university`` is None for the secretariat's officers."""

    id: str
    name: str
    native_name: str | None
    university: University | None
    role: str
    email: str

    @property
    def signer(self) -> str:
        """The signer id, which is also the name of the signature field."""
        return f"{self.university.id}:{self.role}" if self.university else f"secretariat:{self.role}"


NANJING = University(
    "njupt",
    "Nanjing University of Posts and Telecommunications",
    "南京邮电大学",
    "zh",
    "CN",
    "Asia/Shanghai",
)
ANDAMAN = University(
    "andaman", "Specimen University of the Andaman Coast", "มหาวิทยาลัยตัวอย่างชายฝั่งอันดามัน", "th", "TH", "Asia/Bangkok"
)
BEREZINA = University(
    "berezina", "Specimen University on the Berezina", "Узорный университет на Березине", "ru", "BY", "Europe/Minsk"
)
TONLE = University(
    "tonle", "Specimen University of the Great Lake", "សាកលវិទ្យាល័យគំរូបឹងទន្លេសាប", "km", "KH", "Asia/Phnom_Penh"
)
IRRAWADDY = University(
    "irrawaddy", "Specimen University of the Upper Irrawaddy", "ဧရာဝတီနမူနာတက္ကသိုလ်", "my", "MM", "Asia/Yangon"
)
STEPPE = University(
    "steppe", "Specimen University of the Steppe", "Үлгілік дала университеті", "kk", "KZ", "Asia/Almaty"
)
OBSERVER = University(
    "observer", "Specimen Academy of Observers", "Học viện mẫu Quan sát", "vi", "VN", "Asia/Ho_Chi_Minh", guest=True
)
UNIVERSITIES = (NANJING, ANDAMAN, BEREZINA, TONLE, IRRAWADDY, STEPPE, OBSERVER)

LIN = Person("lin", "Lin Shuyi", "林书怡", NANJING, "president", "lin@njupt.example")
SOMCHAI = Person("somchai", "Somchai Thongdee", "สมชาย ทองดี", ANDAMAN, "president", "somchai@andaman.example")
ALES = Person("ales", "Ales Novik", "Алесь Новік", BEREZINA, "rector", "ales@berezina.example")
SOPHEA = Person("sophea", "Sophea Chann", "ចាន់ សុភា", TONLE, "president", "sophea@tonle.example")
THIDA = Person("thida", "Thida Aung", "သီတာအောင်", IRRAWADDY, "rector", "thida@irrawaddy.example")
SAULE = Person("saule", "Saule Akhmetova", "Сәуле Ахметова", STEPPE, "secretary", "saule@steppe.example")
DANIYAR = Person("daniyar", "Daniyar Omarov", "Данияр Омаров", STEPPE, "president", "daniyar@steppe.example")
HOA = Person("hoa", "Nguyen Thi Hoa", "Nguyễn Thị Hoa", OBSERVER, "observer", "hoa@observer.example")
OFFICER = Person("officer", "Mei Tan", "陈美", None, "officer", "mei.tan@secretariat.example")
SECOND_OFFICER = Person(
    "second-officer", "Ruslan Petrov", "Руслан Петров", None, "officer", "ruslan@secretariat.example"
)
REPRESENTATIVES = (LIN, SOMCHAI, ALES, SOPHEA, THIDA, DANIYAR, SAULE, HOA)
