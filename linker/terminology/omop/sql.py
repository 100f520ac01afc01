"""The steps from Athena's rows to concepts and names, as SQL; `reader` takes them in order.

CONCEPT, CONCEPT_SYNONYM, ...    the rows of the files that are used
kept                             the concepts to give
mapped > several, folded         what maps to several concepts, or to one that is kept
lent                             a kept concept beside each that lends it names, itself first
parent, retired                  what else there is
"""

from __future__ import annotations

from linker.terminology.database import clean, nearest_parents

# Concept 0 is "No matching concept": OMOP's NIL.
KEPT = """
    CREATE TABLE kept AS SELECT concept_id AS id FROM CONCEPT
    WHERE trim(invalid_reason) = '' AND (NOT $standard OR standard_concept = 'S')
        AND concept_id <> 0
        AND (len($domains::VARCHAR[]) = 0 OR list_contains($domains::VARCHAR[], domain_id))
        AND (len($types::VARCHAR[]) = 0 OR list_contains($types::VARCHAR[], domain_id)
            OR list_contains($types::VARCHAR[], concept_class_id))
"""

# Whether it maps to several counts before the filters: half of a composite is no name of it.
MAPPED = """
    CREATE TABLE mapped AS
    SELECT m.concept_id_1 AS id, count(DISTINCT m.concept_id_2) AS targets,
        min(m.concept_id_2) AS target, bool_or(kept.id IS NOT NULL) AS wanted,
        any_value(trim(c.invalid_reason) = '') AS valid
    FROM CONCEPT_RELATIONSHIP m
    JOIN CONCEPT c ON c.concept_id = m.concept_id_1
    LEFT JOIN kept ON kept.id = m.concept_id_2
    WHERE m.relationship_id = 'Maps to' AND m.concept_id_1 NOT IN (SELECT id FROM kept)
    GROUP BY m.concept_id_1
"""

SEVERAL = """
    CREATE TABLE several AS SELECT id FROM mapped
    WHERE $standard AND targets > 1 AND wanted AND valid
"""

FOLDED = """
    CREATE TABLE folded AS SELECT id, target FROM mapped
    WHERE $standard AND targets = 1 AND wanted AND valid
"""

LENT = """
    CREATE TABLE lent AS
    SELECT id, id AS lender FROM kept UNION ALL SELECT target, id FROM folded
"""

PARENTS = nearest_parents("""
    SELECT concept_id_1 AS child, concept_id_2 AS parent FROM CONCEPT_RELATIONSHIP
    WHERE relationship_id = 'Is a'
    UNION SELECT descendant_concept_id, ancestor_concept_id FROM CONCEPT_ANCESTOR
""")

# Twenty steps are more than any chain has; in a circle they would go on for ever.
RETIRED = """
    CREATE TABLE retired AS
    WITH RECURSIVE step AS (
        SELECT concept_id_1 AS id, concept_id_2 AS target, 1 AS trust FROM CONCEPT_RELATIONSHIP
        WHERE relationship_id = 'Concept replaced by'
        UNION ALL SELECT id, target, 2 FROM mapped WHERE targets = 1
    ), way AS (
        SELECT id, target, trust, 1 AS steps FROM step
        UNION SELECT way.id, step.target, greatest(way.trust, step.trust), steps + 1
        FROM way JOIN step ON step.id = way.target WHERE steps < 20
    ), end_of AS (
        SELECT way.id, arg_min(target, (trust, steps, target)) AS target
        FROM way JOIN kept ON kept.id = way.target GROUP BY way.id
    )
    SELECT c.concept_id AS id, c.concept_name AS name,
        coalesce(folded.target, end_of.target) AS replaced_by
    FROM CONCEPT c
    LEFT JOIN folded ON folded.id = c.concept_id
    LEFT JOIN end_of ON end_of.id = c.concept_id
    WHERE folded.target IS NOT NULL
        OR (trim(c.invalid_reason) <> '' AND (NOT $filtered OR end_of.target IS NOT NULL))
"""

NAMED = f"""
    CREATE TABLE named AS
    WITH any_name AS (
        SELECT lent.id, {clean("concept_name")} AS name,
            CASE WHEN lender = id THEN 0 ELSE 2 END AS tier
        FROM lent JOIN CONCEPT c ON c.concept_id = lender
        UNION ALL SELECT lent.id, {clean("concept_synonym_name")},
            CASE WHEN lender = id THEN 1 ELSE 2 END
        FROM lent JOIN CONCEPT_SYNONYM s ON s.concept_id = lender
    )
    SELECT id, name, min(tier) AS tier FROM any_name WHERE name <> '' GROUP BY id, name
"""  # noqa: S608

CONCEPT_ROWS = f"""
    WITH code AS (
        SELECT DISTINCT lent.id, vocabulary_id AS vocabulary, trim(concept_code) AS code,
            lender <> id AS other
        FROM lent JOIN CONCEPT c ON c.concept_id = lender WHERE trim(concept_code) <> ''
    ), coded AS (
        SELECT id, list({{'vocabulary': vocabulary, 'code': code}}
            ORDER BY vocabulary, other, code) AS codes
        FROM (SELECT id, vocabulary, code, min(other) AS other FROM code GROUP BY ALL) GROUP BY id
    ), given AS (
        SELECT kept.id, {clean("c.concept_name")} AS name,
            -- It leaves out NULL as well.
            list_distinct([nullif(trim(domain_id), ''), nullif(trim(concept_class_id), '')])
                AS semantic_types,
            parent.parents, coded.codes, 'active' AS status, NULL::BIGINT AS replaced_by
        FROM kept JOIN CONCEPT c ON c.concept_id = kept.id
        LEFT JOIN parent ON parent.child = kept.id
        LEFT JOIN coded ON coded.id = kept.id
        UNION ALL SELECT id, {clean("name")}, [], [], [], 'retired', replaced_by
        FROM retired
    )
    SELECT id::VARCHAR AS concept_id, name AS preferred_name, NULL::VARCHAR AS definition,
        list_sort(semantic_types) AS semantic_types,
        coalesce(parents, []) AS parents, coalesce(codes, []) AS codes,
        status, replaced_by::VARCHAR AS replaced_by
    FROM given ORDER BY id
"""  # noqa: S608

NAME_ROWS = """
    SELECT id::VARCHAR AS concept_id, name,
        CASE tier WHEN 0 THEN 'preferred' WHEN 1 THEN 'exact' ELSE 'narrow' END AS kind
    FROM named ORDER BY id, tier, name
"""
