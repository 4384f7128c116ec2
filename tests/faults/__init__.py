"""The breaking machine: faults, rounds of them, and a judge. ``make torture`` runs it; a part of it is in the suite.

A fault is one way of breaking things: a kill at a named point, a disk that is full, a clock that jumps. To add some, put a module
into this folder with a tuple ``FAULTS`` of objects that fulfil ``fault.Fault``; nothing else is registered anywhere::

    FAULTS = (FullDisk(), SlowDisk())

``python -m faults`` finds every such module by itself, asks each fault for as many rounds as wanted, and writes what came of them
to ``docs/reliability.json`` and ``docs/reliability.md``: one row for each fault, by its ``group`` and ``name``. Rounds are added to
those that were run before, so thousands can be run in stretches; the same seed and first round replace that stretch, and
``ARGS=--fresh`` forgets the earlier ones. All other rows keep their figures.

    make torture ROUNDS=200 [SEED=7] [ONLY=kill,power] [NAME=random] [FIRST=31] [ARGS="--fresh --no-record"]

``ROUNDS`` are rounds of each *group* (the word that ``ONLY`` takes), dealt out in turn to its faults; ``FIRST`` begins with a later
round. A round is drawn from the seed, the fault's name and the round's number alone, so what is printed for a round that did not hold
is enough to run that round again, and only that.

What a round does: build or copy a store below ``work``, break something, let the work go on to its end undisturbed, and compare
with a run that nobody disturbed (``judge.judge``). It returns a ``Verdict``; a round that raises counts as one that does not hold.
"""
