from tests import service_models

# Before anybody imports what it replaces.
service_models.install()
