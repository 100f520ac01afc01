"""A run on Ray Data: files are read, and their notes annotated, on the machines of a cluster.

Read tasks take the files in groups and cut them into batches (`source`); actors, each with the
index open, make a frame of the journal of each (`actor`); the driver takes the frames in the order
of the input and commits them, as a local run does (`drive`). A process or a machine that dies costs
what it was at: Ray runs that again from its input, and what workers die of is found (`deaths`).
What the driver has not committed was not done, and a resumed run does it. So nothing depends on
what Ray wrote or kept.

No exception leaves a task or an actor: Ray would log it, and a message may quote a note. What
stops a run comes back as a row, and is raised by the driver (`rows`).
"""

from linker.annotate.ray.cluster import Cluster, connected
from linker.annotate.ray.drive import annotate_on_ray
from linker.annotate.ray.source import read_batches

__all__ = ["Cluster", "annotate_on_ray", "connected", "read_batches"]
