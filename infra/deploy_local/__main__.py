"""`python -m infra.deploy_local`: exit status 0 only when every check passed."""

import argparse
import os
from pathlib import Path
from subprocess import SubprocessError  # nosec B404  # its name alone

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import config as settings
from infra import stages
from infra.deploy import smoke
from infra.deploy.deployment import queues as queues_of
from infra.deploy.door import Door
from infra.deploy.seen import NotSeen
from infra.deploy.smoke import Deployed
from infra.deploy_local.deployment import FUNCTION_SECONDS, Deployment, deploy
from infra.local import engines, toolchain
from infra.local.console import CannotStart, complain, explained, step
from infra.local.invocation import REGION
from infra.local.resources import Cloud
from infra.package import builder, targets
from infra.package.builder import Package

# MiniStack serves no sockets, and no method that a path does not name, such as a preflight.
_NOT_ON_MINISTACK = frozenset({"socket", "wrong_method", "preflight", "foreign_preflight", "admin_preflight"})


def main() -> int:
    """Build, deploy and use the package; print the check that failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy_local", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/deploy-local"))
    out: Path = parser.parse_args().out
    try:
        target = targets.this_machine(toolchain.ministack_python())
        package = builder.build("local", target, out)
        step("starting MiniStack")
        with engines.ministack() as url:
            step(f"deploying to {url}")
            _use_cloud(url)
            status = used(Cloud(url, url), package)
            # Each function has its own copy of the package, so that this may take minutes on a busy disk.
            step("stopping MiniStack and deleting its files")
            return status
    except CannotStart as why:
        complain(f"FAILED: {why}")
    except OSError as error:
        complain(str(explained(error)))
    return 1


def used(cloud: Cloud, package: Package) -> int:
    """Deploy and use a package; return the exit status, with what failed said before MiniStack's files are deleted."""
    try:
        _do_the_job(deploy(cloud, package, _parameters()))
    except (CannotStart, NotSeen) as why:
        complain(f"FAILED: {why}")
        return 1
    except (BotoCoreError, ClientError, SubprocessError) as error:
        # An engine that refuses, or does not answer in time on a busy machine.
        complain(f"FAILED: {error}")
        return 1
    except OSError as error:
        complain(str(explained(error)))
        return 1
    step("deployed and used: every check passed")
    return 0


def _use_cloud(url: str) -> None:
    """Direct the domain, which loads the demo data, to this cloud and to no other."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name in ("STAGE", "TABLE_NAME", "SECRET_NAME"):
            del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    settings.config.cache_clear()


def _parameters() -> dict[str, str]:
    """Return the stack's parameters: what a local run has by default."""
    local = settings.config()
    return {
        "CorsOrigins": ",".join(sorted(local.cors_origins)),
        "AdminOrigin": local.admin_origin,
        "PublicUrl": local.public_url,
        "MailFrom": local.mail_from,
        "AlertsMailTo": local.alerts_mail_to,
        "PaymentProvider": local.payment_provider,
        "SecondFactorRoles": ",".join(sorted(local.second_factor_roles)),
    }


def _do_the_job(deployment: Deployment) -> None:
    # Imported here: the domain reads its settings when it is imported.
    from infra.deploy_local import gate, warming
    from infra.deploy_local.payout import Payouts
    from infra.deploy_local.queues import Queues
    from infra.local.demo import demo_data

    step("loading the demo data")
    demo_data.load()
    door = Door(deployment.api_url, seconds=FUNCTION_SECONDS)
    warming.warm_up(deployment)
    gate.warm_up(door)
    gate.check_envelope(door)
    usher = gate.log_in_usher(door)
    gate.scan(usher)
    gate.race(usher)
    gate.check_log(usher)
    queues, admin = Queues(deployment), gate.log_in_admin(door)
    queues.check_retry(admin)
    queues.check_poison()
    queues.redrive()
    # Meanwhile the replayed invalid message fails again.
    Payouts(deployment).check(door, admin)
    queues.check_redriven()
    # Last, since its mail needs the sender that was verified meanwhile.
    _check(deployment)


def _check(deployment: Deployment) -> None:
    """Run the smoke test of `make deploy`, without what MiniStack cannot do."""
    target = deployment.target
    queues = queues_of(target.stack.resources())
    smoke.run(
        Deployed(
            target.account,
            target.stage,
            deployment.api_url,
            deployment.outputs,
            deployment.parameters,
            queues,
            without=_NOT_ON_MINISTACK,
        )
    )


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
