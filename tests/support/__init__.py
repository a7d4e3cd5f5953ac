"""What tests share: the cloud they run on, factories, clients and doubles of other services. `bench` uses it too."""
