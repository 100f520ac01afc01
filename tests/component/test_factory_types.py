from linker.component.factory import create_concept_linker


def test_types_of_the_factory_are_no_strings() -> None:
    # confection before 1.0, beside spaCy 3.7.5, could not read them: `add_pipe` failed.
    assert not [of for of in create_concept_linker.__annotations__.values() if isinstance(of, str)]
