"""Why something is refused: the names are those of the vectors"""


class Refusal(ValueError):
    """`error_name` says what is wrong with it"""

    def __init__(self, error_name, why):
        super().__init__(f'{error_name}: {why}')
        self.error_name = error_name
