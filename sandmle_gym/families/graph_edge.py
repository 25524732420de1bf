"""Binary outcomes of pairs of members of a network."""

from sandmle_gym.families.tabular_binary import TabularBinary


class GraphEdge(TabularBinary):
    """The skill budget of tables, with units that bring a network; see `units.company` and its like."""

    name = "graph_edge"
    trains = (
        "Use who is linked with whom: turn a list of links into features of its members, and leave alone "
        "what only looks like structure."
    )


FAMILY = GraphEdge()
