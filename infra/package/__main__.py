"""`python -m infra.package --stage dev`: build the template and the archive."""

import argparse
from pathlib import Path

from infra import stages
from infra.local.console import CannotStart, complain, explained, step
from infra.package import application, builder, targets

COMMANDS = """
To deploy it with its change set, a confirmation and a smoke test: make deploy STAGE={stage}
By hand (the stack keeps table, key, secret and files when it is deleted):
  aws s3 cp {archive} s3://BUCKET/{key}
  aws s3 cp {gates} s3://BUCKET/{gates_key}
  aws cloudformation deploy --stack-name gatehouse-{stage} --template-file {template} --s3-bucket BUCKET \\
    --capabilities CAPABILITY_IAM --parameter-overrides Stage={stage} CodeBucket=BUCKET CodeKey={key} \\
    CorsOrigins=https://... AdminOrigin=https://... PublicUrl=https://... MailFrom=... AlertsMailTo=... AlarmEmail=...
AlarmEmail gets a mail of SNS with a link that confirms it. Until then no alarm reaches anybody.
PublicUrl is the address of your own domain. Without one, deploy once, then again with the stack's output ApiUrl."""


def main() -> int:
    """Build for AWS; return 1 with a message if that fails."""
    known = [stage for stage in application.stages() if stage != stages.LOCAL]  # only deploy-local builds that stage
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--stage", default="dev", choices=known)
    parser.add_argument("--out", type=Path, default=Path("build/package"))
    options = parser.parse_args()
    try:
        package = builder.build(options.stage, targets.aws(), options.out)
    except CannotStart as why:
        complain(str(why))
        return 1
    except OSError as error:
        complain(str(explained(error)))
        return 1
    step(f"ready: {package.template}, {package.archive} and {package.gates}")
    print(COMMANDS.format(**{**package._asdict(), "key": package.code_key, "stage": options.stage}))
    return 0


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
