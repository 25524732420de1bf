"""Kinds of things from a table and pictures or texts."""

from sandmle_gym.families.tabular_multiclass import TabularMulticlass


class MultimodalKinds(TabularMulticlass):
    """The skill budget of tables, part of which only a look at a picture or a text reveals."""

    name = "multimodal_kinds"
    trains = (
        "Bring several kinds of data together: measure what a picture or a text shows and put it beside "
        "the columns of a table."
    )


FAMILY = MultimodalKinds()
