"""A frozen task goes stale with what its own family can reach, and with nothing else."""

import pytest

from sandmle_gym.certify import recipe
from sandmle_gym.families import family_names


def reached(family: str) -> set[str]:
    return {path.relative_to(recipe.PACKAGE).as_posix() for path in recipe._code(family)}


@pytest.mark.parametrize("family", family_names())
def test_a_family_depends_on_itself_and_on_all_that_judges(family):
    files = reached(family)
    assert f"families/{family}.py" in files
    assert {"certify/gates.py", "grading/parse.py", "metrics/registry.py", "seeding.py"} <= files
    assert "families/assembly.py" in files


def test_a_network_depends_on_tables_and_on_recipes_of_networks():
    files = reached("graph_node")
    assert {"families/tabular_binary.py", "families/tabular/units/company.py"} <= files
    assert {"families/recipes/graph.py", "families/recipes/tabular.py"} <= files


def test_tables_do_not_depend_on_other_modalities():
    files = reached("tabular_regression")
    others = ("families/image", "families/text", "families/audio", "families/series")
    assert [name for name in files if name.startswith(others)] == []
    assert "families/recipes/image.py" not in files
