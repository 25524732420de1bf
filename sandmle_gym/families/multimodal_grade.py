"""Grades from a table and pictures or texts."""

from sandmle_gym.families.tabular_ordinal import TabularOrdinal


class MultimodalGrade(TabularOrdinal):
    """The skill budget of tables, part of which only a look at a picture or a text reveals."""

    name = "multimodal_grade"
    trains = (
        "Bring several kinds of data together: measure what a picture or a text shows and put it beside "
        "the columns of a table."
    )


FAMILY = MultimodalGrade()
