"""Numbers that belong to the members of a network."""

from sandmle_gym.families.tabular_regression import TabularRegression


class GraphLevel(TabularRegression):
    """The skill budget of tables, with units that bring a network; see `units.company` and its like."""

    name = "graph_level"
    trains = (
        "Use who is linked with whom: turn a list of links into features of its members, and leave alone "
        "what only looks like structure."
    )


FAMILY = GraphLevel()
