"""The steps from SNOMED CT's rows to concepts and names, as SQL; `reader` takes them in order.

concept, description, language, ...    the rows of RF2, one an id
accepted > described > full_name       what is said of each concept, ranked by language
offered > kept                         the names to give, and the concepts to give
retired, parent, code                  what else a concept has
"""

from __future__ import annotations

from linker.terminology.database import clean, nearest_parents

CORE_MODULE, MODEL_MODULE = 900000000000207008, 900000000000012004
IS_A = 116680003
FULL_NAME, SYNONYM, DEFINITION = 900000000000003001, 900000000000013009, 900000000000550004
PREFERRED = 900000000000548007
US_ENGLISH, GB_ENGLISH = "900000000000509007", "900000000000508004"
# In the order in which they are trusted.
SAME_AS, REPLACED_BY = 900000000000527005, 900000000000526001
POSSIBLY, POSSIBLY_REPLACED_BY = 900000000000523009, 1186921001
ASSOCIATIONS = (SAME_AS, REPLACED_BY, POSSIBLY, POSSIBLY_REPLACED_BY)
MAPS = {
    447562003: "ICD10",
    # The UK's: no dot, and dagger and asterisk as a last letter, D or A.
    999002271000000101: "ICD10UK",
    1126441000000105: "OPCS4",  # 4.9
    1382401000000109: "OPCS4",  # 4.10
    1891651000000103: "OPCS4",  # 4.11
    6011000124106: "ICD10CM",
    446608001: "ICDO",
    900000000000497000: "CTV3",
    # Of packages beside the International Edition.
    450993002: "ICPC2",
    784008009: "ORPHANET",
    816210007: "MEDDRA",
}

# Of each language set: how many descriptions it accepts, how many of them the US or GB set prefers
# as it does, and how many are English, of an extension, and accepted by neither of the two.
LANGUAGES = f"""
    WITH member AS (
        SELECT DISTINCT refsetId, referencedComponentId AS id,
            acceptabilityId = {PREFERRED} AS preferred
        FROM language WHERE active
    ), us AS (SELECT id, preferred FROM member WHERE refsetId = {US_ENGLISH}),
    gb AS (SELECT id, preferred FROM member WHERE refsetId = {GB_ENGLISH})
    SELECT m.refsetId::VARCHAR, count(*),
        count(*) FILTER (m.preferred AND us.preferred),
        count(*) FILTER (m.preferred AND gb.preferred),
        count(*) FILTER (d.active AND starts_with(lower(d.languageCode), 'en')
            AND d.moduleId NOT IN ({CORE_MODULE}, {MODEL_MODULE})
            AND us.id IS NULL AND gb.id IS NULL)
    FROM member m LEFT JOIN description d USING (id)
    LEFT JOIN us USING (id) LEFT JOIN gb USING (id)
    GROUP BY 1 ORDER BY 2 DESC, 1
"""  # noqa: S608

# Of a retired concept the fully specified name may be inactive as well.
DESCRIBED = f"""
    CREATE TABLE described AS
    SELECT d.id, d.conceptId AS concept, d.typeId AS type, d.effectiveTime AS time, d.active,
        starts_with(lower(d.languageCode), 'en') AS english,
        {clean("d.term")} AS text,
        coalesce(a.rank, $any) AS rank
    FROM description d JOIN concept c ON c.id = d.conceptId
    LEFT JOIN accepted a ON a.description = d.id
    WHERE text <> '' AND (d.active OR (d.typeId = {FULL_NAME} AND NOT c.active))
"""  # noqa: S608

# Only a name in the chosen language can be preferred; the tag is English where it can be.
FULL_NAMES = rf"""
    CREATE TABLE full_name AS
    SELECT concept, text, id, time,
        CASE WHEN tagged THEN regexp_extract(text, '{{tag}}', 1) ELSE text END AS name,
        CASE WHEN regexp_matches(first_value(text) OVER english_first, '{{tag}}')
            THEN regexp_extract(first_value(text) OVER english_first, '{{tag}}', 2) END AS tag
    FROM (SELECT *, regexp_matches(text, '{{tag}}') AS tagged FROM described
          WHERE type = {FULL_NAME})
    WINDOW
        ranked_first AS (PARTITION BY concept
            ORDER BY active DESC, rank NULLS LAST, english DESC, time DESC, id),
        english_first AS (PARTITION BY concept
            ORDER BY active DESC, english DESC, rank NULLS LAST, time DESC, id)
    QUALIFY row_number() OVER ranked_first = 1
""".replace("{tag}", r"^(.*\S)\s*\(([^()]+)\)$")  # noqa: S608

# Tiers: below 1000 preferred by a set, 1000 the fully specified name, from 2000 acceptable, and
# 9000 what no set accepts, which serves only where there is no other name.
OFFERED = f"""
    CREATE TABLE offered AS
    WITH any_name AS (
        SELECT concept, text AS name, time, id,
            CASE WHEN rank IS NULL THEN 9000 WHEN rank < 1000 THEN rank ELSE 1000 + rank END AS tier
        FROM described WHERE type = {SYNONYM} AND active
        UNION ALL SELECT concept, name, time, id, 1000 FROM full_name
    ), each_once AS (
        SELECT any_name.* FROM any_name JOIN concept c ON c.id = concept AND c.active
        QUALIFY row_number() OVER (PARTITION BY concept, name ORDER BY tier, time DESC, any_name.id)
            = 1
    )
    SELECT concept, name, tier,
        row_number() OVER (PARTITION BY concept ORDER BY tier, time DESC, id) AS place
    FROM each_once QUALIFY tier < 9000 OR place = 1
"""  # noqa: S608

# A chain of replacements is followed to its end; `UNION` keeps a pair once, so circles end.
RETIRED = f"""
    CREATE TABLE retired AS
    WITH RECURSIVE named AS (
        SELECT a.referencedComponentId AS id, a.targetComponentId AS target,
            list_position({list(ASSOCIATIONS)}, a.refsetId) AS trust,
            new.active, max(a.effectiveTime) AS time
        FROM association a
        JOIN concept old ON old.id = a.referencedComponentId AND NOT old.active
        JOIN concept new ON new.id = a.targetComponentId AND new.id <> old.id
        WHERE a.active GROUP BY ALL
    ), successor AS (
        SELECT id, target FROM named
        WHERE trust < 3
            OR id NOT IN (
                SELECT id FROM named WHERE trust >= 3 GROUP BY id HAVING count(DISTINCT target) > 1
            )
        QUALIFY row_number() OVER (PARTITION BY id ORDER BY trust, active DESC, time DESC, target)
            = 1
    ), chain AS (
        SELECT id, target FROM successor
        UNION SELECT chain.id, successor.target FROM chain JOIN successor
            ON successor.id = chain.target
    )
    SELECT old.id, f.text AS name, end_of.target AS replaced_by
    FROM concept old
    LEFT JOIN (SELECT chain.* FROM chain JOIN kept ON kept.id = chain.target) end_of
        ON end_of.id = old.id
    LEFT JOIN full_name f ON f.concept = old.id
    WHERE NOT old.active AND ($all OR end_of.target IS NOT NULL)
"""  # noqa: S608

_IS_A_PAIRS = """
        SELECT DISTINCT r.sourceId AS child, r.destinationId AS parent FROM relationship r
        SEMI JOIN concept narrow ON narrow.id = r.sourceId AND narrow.active
        SEMI JOIN concept wide ON wide.id = r.destinationId AND wide.active
        WHERE r.active AND r.sourceId <> r.destinationId
"""

BELOW = f"""
    CREATE TABLE below AS
    WITH RECURSIVE is_a AS ({_IS_A_PAIRS}), under AS (
        SELECT id FROM concept WHERE active AND list_contains($roots::VARCHAR[], id::VARCHAR)
        UNION SELECT is_a.child FROM under JOIN is_a ON is_a.parent = under.id
    )
    SELECT id FROM under
"""  # noqa: S608

PARENTS = nearest_parents(_IS_A_PAIRS)

# Targets with "#" are marks of the UK's maps ("#NC": not coded). A CTV3 code may well end in "x".
CODES = f"""
    CREATE TABLE code AS
    WITH target AS (
        SELECT referencedComponentId AS concept, refsetId, mapGroup, mapPriority,
            upper(trim(mapRule)) IN ('', 'TRUE', 'OTHERWISE TRUE') AS always,
            trim(mapTarget) AS target, true AS fills
        FROM map WHERE active
        UNION ALL SELECT referencedComponentId, refsetId, 1, 1, true, trim(mapTarget), false
        FROM simple_map WHERE active
    ), filled AS (
        SELECT * REPLACE (CASE WHEN fills AND regexp_matches(target, '[?x]$')
            THEN regexp_replace(regexp_replace(target, '[?x]+$', ''), '[.X]+$', '')
            ELSE target END AS target)
        FROM target WHERE NOT starts_with(target, '#')
    ), certain AS (
        SELECT * FROM filled WHERE target <> ''
        QUALIFY always OR NOT bool_or(always) OVER (PARTITION BY concept, refsetId, mapGroup)
    ), each_once AS (
        SELECT concept, CASE refsetId {" ".join(f"WHEN {k} THEN '{v}'" for k, v in MAPS.items())}
            END AS vocabulary, target AS code, min((mapGroup, mapPriority)) AS place
        FROM certain GROUP BY ALL
    )
    SELECT concept, list({{'vocabulary': vocabulary, 'code': code}}
        ORDER BY vocabulary, place, code) AS codes
    FROM each_once GROUP BY concept
"""  # noqa: S608

CONCEPT_ROWS = f"""
    WITH definition AS (
        SELECT concept, text FROM described WHERE type = {DEFINITION} AND active
        QUALIFY row_number() OVER (PARTITION BY concept
            ORDER BY rank NULLS LAST, english DESC, time DESC, id) = 1
    ), given AS (
        SELECT kept.id, o.name, d.text AS definition,
            CASE WHEN f.tag IS NULL THEN [] ELSE [f.tag] END AS semantic_types,
            p.parents, c.codes, 'active' AS status, NULL::BIGINT AS replaced_by
        FROM kept JOIN offered o ON o.concept = kept.id AND o.place = 1
        LEFT JOIN full_name f ON f.concept = kept.id
        LEFT JOIN definition d ON d.concept = kept.id
        LEFT JOIN parent p ON p.child = kept.id
        LEFT JOIN code c ON c.concept = kept.id
        UNION ALL SELECT id, coalesce(name, id::VARCHAR), NULL, [], [], [], 'retired', replaced_by
        FROM retired
    )
    SELECT id::VARCHAR AS concept_id, name AS preferred_name, definition,
        semantic_types::VARCHAR[] AS semantic_types,
        coalesce(parents, []) AS parents, coalesce(codes, []) AS codes,
        status, replaced_by::VARCHAR AS replaced_by
    FROM given ORDER BY id
"""  # noqa: S608

NAME_ROWS = """
    SELECT concept::VARCHAR AS concept_id, name,
        CASE place WHEN 1 THEN 'preferred' ELSE 'exact' END AS kind
    FROM offered JOIN kept ON kept.id = concept ORDER BY concept, place
"""
