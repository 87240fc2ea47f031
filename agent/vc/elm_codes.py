"""The concept addresses that European Learning Model documents use, and the words of a record they stand for.

Taken from the model's own repository (commit `COMMIT`: ``xsd/loq/cv/*.xsd``, the samples, and the schemes that
``EDC-generic-full.ttl`` asks for). Country and language addresses are built from ISO 3166-1 and ISO 639 (the
tables of Debian's iso-codes 4.15); each was compared with the model's own lists, and those that the lists do not
have are not here. A word without a European concept keeps an address of ours (`own`), so that nothing is said to
be what it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote, unquote

type Json = dict[str, Any]

COMMIT: Final = "9d7c5d22002237c3afeb1750b7038e6fe2cdd371"
VERSION: Final = "European Learning Model 3, EDC application profile 1.1.0"
EDC_CONTEXT: Final = "http://data.europa.eu/snb/model/context/edc-ap"
VC_CONTEXT: Final = "https://www.w3.org/2018/credentials/v1"
PROFILE: Final = "http://data.europa.eu/snb/model/ap/edc-generic-full"

_SNB: Final = "http://data.europa.eu/snb/"
_AUTHORITY: Final = "http://publications.europa.eu/resource/authority/"
_LIST: Final = "25831c2"  # the name of every list under data.europa.eu/snb
ESCO_SCHEME: Final = "http://data.europa.eu/esco/concept-scheme/skills"
ESCO_SKILL: Final = "http://data.europa.eu/esco/skill/"

# From the word of a record to (scheme, concept, label). The labels are the lists' own.
PARTICIPATION: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "online": ("learning-assessment", "920fbb3cbe", "Online"),
        "onsite": ("learning-assessment", "9191af2ed9", "Presential"),
        "blended": ("learning-assessment", "e92d221e4d", "Blended"),
        "work-experience": ("learning-assessment", "729f3bed4b", "Workbased"),
    }
)
ASSESSMENT: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "portfolio": ("assessment", "4f03b91c0e", "portfolio"),
        "written-exam": ("assessment", "6e6cb2cc78", "written examination"),
        "oral-exam": ("assessment", "d30284d7df", "oral examination"),
        "project": ("assessment", "795dac4096", "project work"),
        "quiz": ("assessment", "b1b68f6735", "quiz"),
    }
)
# The samples show this one only, and the shapes name no list for it.
SUPERVISION: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "unsupervised": (
            "supervision-verification",
            "c598449d64",
            "Unsupervised without ID Verification",
        ),
    }
)
# There is no concept for informal learning, and the shapes allow no other list.
LEARNING_SETTING: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "formal": ("learning-setting", "6fd4685715", "formal learning"),
        "non-formal": ("learning-setting", "e207a81fc7", "non-formal learning"),
    }
)
CREDIT: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {"ects": ("education-credit", "6fcec5c5af", "European Credit Transfer System")}
)
ACCREDITATION: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "institution": ("accreditation", "bb4618238e", "Institutional Quality Assurance"),
        "programme": ("accreditation", "820101cba6", "Program Quality Assurance"),
    }
)
GENERIC: Final = ("credential", "e34929035b", "Generic")
BASE64: Final = ("encoding", "6146cde7dd", "base64")

# National levels by the framework's own short name, which holds in its country only. The other frameworks of the
# list are not here because no template names them; the Spanish MECES is not in the list.
NATIONAL: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "NFQ": (
            "IE",
            (
                "c_53e465cb",
                "c_060f2f91",
                "c_4c88e501",
                "c_57c9e957",
                "c_4053e803",
                "c_670e54c7",
                "c_38f52397",
                "c_218a7e54",
                "c_c6ada0f4",
                "c_ac9adabb",
            ),
        ),
        "DQR": (
            "DE",
            (
                "c_f77c7095",
                "c_c71cce15",
                "c_c37d888a",
                "c_12a84182",
                "c_bd9f8e42",
                "c_6919ed25",
                "c_184f7fed",
                "c_341d539b",
            ),
        ),
        "NQR": (
            "AT",
            (
                "c_479252dc",
                "c_c3234df7",
                "c_1f1297d8",
                "c_67af56a4",
                "c_e8dd63b9",
                "c_1dcef432",
                "c_0e78414e",
                "c_c94a713e",
            ),
        ),
        "FiNQF": (
            "FI",
            (
                "c_b9b2b42d",
                "c_c660dbf8",
                "c_63c1f703",
                "c_cbf250da",
                "c_fd8ce5f6",
                "c_8a7da315",
                "c_3b2bd7b5",
                "c_7fa9dfe4",
            ),
        ),
    }
)

# Prose that the model has no member for goes into notes, whose subject is the member's path.
ACHIEVEMENT_NOTES: Final[Mapping[str, str]] = MappingProxyType({"further": "further information"})
SPECIFICATION_NOTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "recognition.statement": "recognition, as the issuer states it",
        "provision.target_group": "target group",
        "provision.recommended_prior": "recommended prior learning",
        "provision.requirements": "requirements",
        "provision.costs": "costs",
        "provision.depth": "depth",
        "provision.industry": "industry",
        "provision.supported_by": "supported by",
    }
)


def concept(uri: str, scheme: str = "", label: str = "", language: str = "en") -> Json:
    """A SKOS concept as a document holds it."""
    found: Json = {"id": uri, "type": "Concept"}
    if scheme:
        found["inScheme"] = {"id": scheme, "type": "ConceptScheme"}
    if label:
        found["prefLabel"] = {language: label}
    return found


def listed(entry: tuple[str, str, str]) -> Json:
    """The concept of a list under data.europa.eu/snb."""
    scheme, _, label = entry
    return concept(uri_of(entry), f"{_SNB}{scheme}/{_LIST}", label)


def own(vocabulary: str, *words: str, label: str, language: str = "en") -> Json:
    """A concept without a European address, in no list."""
    return concept(own_uri(vocabulary, *words), label=label, language=language)


def own_uri(vocabulary: str, *words: str) -> str:
    return ":".join(("urn:cairn", vocabulary, *(quote(word, safe="") for word in words)))


def own_words(uri: str, vocabulary: str) -> tuple[str, ...]:
    """What `own_uri` was made of; empty when it is not one of this vocabulary."""
    start = f"urn:cairn:{vocabulary}:"
    return (
        tuple(unquote(part) for part in uri.removeprefix(start).split(":")) if uri.startswith(start) else ()
    )


def uri_of(entry: tuple[str, str, str]) -> str:
    scheme, name, _ = entry
    return f"{_SNB}{scheme}/{name}"


def word_of(uri: str, table: Mapping[str, tuple[str, str, str]]) -> str:
    """The word of a record for the address of a listed concept; "" when there is none."""
    return next((word for word, entry in table.items() if uri_of(entry) == uri), "")


def eqf(level: int) -> Json:
    return listed(("eqf", str(level), f"Level {level}"))


def eqf_level(uri: str) -> int | None:
    return next((level for level in range(1, 9) if uri == f"{_SNB}eqf/{level}"), None)


def national(framework: str, level: str, countries: Iterable[str]) -> Json | None:
    """The listed national level, where the framework is that of one of the countries."""
    country, names = NATIONAL.get(framework, ("", ()))
    if country not in {code[:2] for code in countries} or re.fullmatch("[0-9]{1,2}", level) is None:
        return None
    number = int(level)
    if not 1 <= number <= len(names) or level != str(number):
        return None
    return listed(("qdr", names[number - 1], f"{framework} level {number}"))


def national_level(uri: str) -> tuple[str, str] | None:
    """(framework, level) of a listed national level that is known here."""
    name = uri.removeprefix(f"{_SNB}qdr/")
    for framework, (_, names) in NATIONAL.items():
        if name in names:
            return framework, str(names.index(name) + 1)
    return None


def country(code: str) -> Json | None:
    """Of an ISO 3166 code such as IE or BE-VLG: the country, since the list has no regions."""
    found = _COUNTRIES.get(code[:2])
    return concept(f"{_AUTHORITY}country/{found}", f"{_AUTHORITY}country") if found else None


def country_code(uri: str) -> str:
    name = uri.removeprefix(f"{_AUTHORITY}country/")
    return next((code for code, long in _COUNTRIES.items() if long == name), "")


def language(tag: str) -> Json | None:
    """Of a language tag; its script, region and variants have no place in the list."""
    first = tag.split("-", maxsplit=1)[0].lower()
    found = _LANGUAGES.get(first) or (first.upper() if first in _LANGUAGES_3 else "")
    return concept(f"{_AUTHORITY}language/{found}", f"{_AUTHORITY}language") if found else None


def language_tag(uri: str) -> str:
    name = uri.removeprefix(f"{_AUTHORITY}language/")
    return next((tag for tag, long in _LANGUAGES.items() if long == name), "")


def file_type(name: str) -> Json:
    return concept(f"{_AUTHORITY}file-type/{name}", f"{_AUTHORITY}file-type", name)


def _pairs(table: str) -> Mapping[str, str]:
    return MappingProxyType({entry[:2]: entry[2:] for entry in table.split()})


# Two letters and three. Without TF, for which the European list has a code of its own.
_COUNTRIES: Final = _pairs("""
ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB
BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR
BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR
CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK
FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS
GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN
ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO
LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD
MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER
NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM
PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP
SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TGTGO
THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB
VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE
""")
# Without the deprecated sh.
_LANGUAGES: Final = _pairs("""
aaAAR abABK aeAVE afAFR akAKA amAMH anARG arARA asASM avAVA ayAYM azAZE baBAK beBEL bgBUL biBIS bmBAM bnBEN
boBOD brBRE bsBOS caCAT ceCHE chCHA coCOS crCRE csCES cuCHU cvCHV cyCYM daDAN deDEU dvDIV dzDZO eeEWE elELL
enENG eoEPO esSPA etEST euEUS faFAS ffFUL fiFIN fjFIJ foFAO frFRA fyFRY gaGLE gdGLA glGLG gnGRN guGUJ gvGLV
haHAU heHEB hiHIN hoHMO hrHRV htHAT huHUN hyHYE hzHER iaINA idIND ieILE igIBO iiIII ikIPK ioIDO isISL itITA
iuIKU jaJPN jvJAV kaKAT kgKON kiKIK kjKUA kkKAZ klKAL kmKHM knKAN koKOR krKAU ksKAS kuKUR kvKOM kwCOR kyKIR
laLAT lbLTZ lgLUG liLIM lnLIN loLAO ltLIT luLUB lvLAV mgMLG mhMAH miMRI mkMKD mlMAL mnMON mrMAR msMSA mtMLT
myMYA naNAU nbNOB ndNDE neNEP ngNDO nlNLD nnNNO noNOR nrNBL nvNAV nyNYA ocOCI ojOJI omORM orORI osOSS paPAN
piPLI plPOL psPUS ptPOR quQUE rmROH rnRUN roRON ruRUS rwKIN saSAN scSRD sdSND seSME sgSAG siSIN skSLK slSLV
smSMO snSNA soSOM sqSQI srSRP ssSSW stSOT suSUN svSWE swSWA taTAM teTEL tgTGK thTHA tiTIR tkTUK tlTGL tnTSN
toTON trTUR tsTSO ttTAT twTWI tyTAH ugUIG ukUKR urURD uzUZB veVEN viVIE voVOL waWLN woWOL xhXHO yiYID yoYOR
zaZHA zhZHO zuZUL
""")
_LANGUAGES_3: Final = frozenset(long.lower() for long in _LANGUAGES.values())
