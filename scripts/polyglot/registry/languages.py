"""Languages without an entry: names, script and codes from ISO 639 and CLDR (langcodes), FLORES-200's codes from its list,
resource levels from Joshi et al. (2020)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from polyglot.registry.data import Language

if TYPE_CHECKING:
    from langcodes import Language as Tag

CODES = """
ace_Arab ace_Latn acm_Arab acq_Arab aeb_Arab afr_Latn ajp_Arab aka_Latn als_Latn amh_Ethi apc_Arab arb_Arab ars_Arab ary_Arab
arz_Arab asm_Beng ast_Latn awa_Deva ayr_Latn azb_Arab azj_Latn bak_Cyrl bam_Latn ban_Latn bel_Cyrl bem_Latn ben_Beng bho_Deva
bjn_Arab bjn_Latn bod_Tibt bos_Latn bug_Latn bul_Cyrl cat_Latn ceb_Latn ces_Latn cjk_Latn ckb_Arab crh_Latn cym_Latn dan_Latn
deu_Latn dik_Latn dyu_Latn dzo_Tibt ell_Grek eng_Latn epo_Latn est_Latn eus_Latn ewe_Latn fao_Latn fij_Latn fin_Latn fon_Latn
fra_Latn fur_Latn fuv_Latn gaz_Latn gla_Latn gle_Latn glg_Latn grn_Latn guj_Gujr hat_Latn hau_Latn heb_Hebr hin_Deva hne_Deva
hrv_Latn hun_Latn hye_Armn ibo_Latn ilo_Latn ind_Latn isl_Latn ita_Latn jav_Latn jpn_Jpan kab_Latn kac_Latn kam_Latn kan_Knda
kas_Arab kas_Deva kat_Geor kaz_Cyrl kbp_Latn kea_Latn khk_Cyrl khm_Khmr kik_Latn kin_Latn kir_Cyrl kmb_Latn kmr_Latn knc_Arab
knc_Latn kon_Latn kor_Hang lao_Laoo lij_Latn lim_Latn lin_Latn lit_Latn lmo_Latn ltg_Latn ltz_Latn lua_Latn lug_Latn luo_Latn
lus_Latn lvs_Latn mag_Deva mai_Deva mal_Mlym mar_Deva min_Latn mkd_Cyrl mlt_Latn mni_Beng mos_Latn mri_Latn mya_Mymr nld_Latn
nno_Latn nob_Latn npi_Deva nso_Latn nus_Latn nya_Latn oci_Latn ory_Orya pag_Latn pan_Guru pap_Latn pbt_Arab pes_Arab plt_Latn
pol_Latn por_Latn prs_Arab quy_Latn ron_Latn run_Latn rus_Cyrl sag_Latn san_Deva sat_Beng scn_Latn shn_Mymr sin_Sinh slk_Latn
slv_Latn smo_Latn sna_Latn snd_Arab som_Latn sot_Latn spa_Latn srd_Latn srp_Cyrl ssw_Latn sun_Latn swe_Latn swh_Latn szl_Latn
tam_Taml taq_Latn taq_Tfng tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi tpi_Latn tsn_Latn tso_Latn tuk_Latn tum_Latn
tur_Latn twi_Latn tzm_Tfng uig_Arab ukr_Cyrl umb_Latn urd_Arab uzn_Latn vec_Latn vie_Latn war_Latn wol_Latn xho_Latn ydd_Hebr
yor_Latn yue_Hant zho_Hans zho_Hant zsm_Latn zul_Latn
"""
FLORES = tuple(CODES.split())
"""The codes of FLORES-200 that NLLB knows (NLLB Team, 2022, arXiv 2207.04672)."""
ONE_OF_SEVERAL = {"no": "nob", "qu": "quy", "ff": "fuv", "ps": "pbt"}
"""Languages of ISO 639-1 with several of ISO 639-3 to the one that FLORES-200 has, where CLDR names another as the usual one."""
INDIVIDUAL = " (individual language)"
"""How ISO 639-3 tells a language from the macrolanguage of the same name."""
FROM_THE_RIGHT = ("Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa")
"""Scripts in use that are written from the right, by their codes in ISO 15924 (Unicode's Bidi_Class R and AL)."""
CLASSES = {
    5: "ar de en es fr ja zh",
    4: "ca cs eu fa fi hi hr hu it ko nl pl pt ru sr sv tr vi",
    3: "af arz be bg bn bs ceb da el et fil gl he id ka kk la lt lv ms ro sk sl ta th uk ur uz",
    2: "am ga ha ht is lo mr mt pa sa sw ti tn wo xh yo zu",
    1: "as az cy gu hy ig jv km kn ky lb mg mi mk ml mn my nb ne nn no or ps qu rw sd so sq su te tg tk tt ug yue",
}
LEVELS = {code: level for level, codes in CLASSES.items() for code in codes.split()}
"""Languages of classes 5 to 2 of Joshi et al. (2020, arXiv 2004.09095), and those of class 1 that are asked for most. Class 0 is
most of the world's languages: a language that is not here has no level."""


@cache
def derived(code: str) -> Language | None:
    """What is known of a language by its code: a tag of BCP 47, such as `sw`, `yue`, `zh-hant` or `pt-br`.

    Returns:
        None for what is no language's code, and for a language whose script neither CLDR nor FLORES-200 knows: it needs an entry.
    """
    import langcodes

    try:
        tag = langcodes.Language.get(code)
    except (LookupError, ValueError):
        return None
    if tag.language in (None, "und", "mul", "zxx", "mis") or not tag.is_valid():
        return None
    script = _script(tag)
    if script is None:
        return None
    name = tag.display_name() if tag.script or tag.territory else tag.language_name()
    return Language(
        name=name.removesuffix(INDIVIDUAL),
        endonym=tag.prefer_macrolanguage().autonym(),
        script=langcodes.Language.make(script=script).script_name(),
        direction="rtl" if script in FROM_THE_RIGHT else "ltr",
        flores=_flores(code, tag, script),
        resource_level=LEVELS.get(tag.prefer_macrolanguage().language or ""),
    )


def _script(tag: Tag) -> str | None:
    """The script that a tag names, or the usual one of its language; ISO 15924."""
    from langcodes.data_dicts import LIKELY_SUBTAGS

    if tag.script:
        return str(tag.script)
    usual = tag.prefer_macrolanguage()
    if {tag.language, usual.language} & LIKELY_SUBTAGS.keys():
        return str(usual.maximize().script)
    return next((code[4:] for code in FLORES if code[:3] == tag.language), None)


def _flores(code: str, tag: Tag, script: str) -> str | None:
    """The FLORES-200 code of a language in a script; None where there is none. Of Korean it names the alphabet alone."""
    script = "Hang" if script == "Kore" else script
    for language in (code.partition("-")[0], ONE_OF_SEVERAL.get(tag.language or "") or tag.to_alpha3()):
        if (exact := f"{language}_{script}") in FLORES:
            return exact
    return _by_usual_language().get(_usual(f"{tag.language}-{script}"))


@cache
def _by_usual_language() -> dict[str, str]:
    """CLDR's usual tag of a language and script to FLORES-200's code: `fa` to `pes_Arab`."""
    found: dict[str, str] = {}
    for code in FLORES:
        found.setdefault(_usual(code.replace("_", "-")), code)
    return found


def _usual(tag: str) -> str:
    import langcodes

    return langcodes.standardize_tag(tag, macro=True)
