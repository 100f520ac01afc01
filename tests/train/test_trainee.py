from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from encoder.conftest import Save
from transformers import GPT2Config, GPT2Model

from linker.encoder import load_encoder
from linker.encoder.adapter import Adapter
from linker.encoder.folder import ModelFolder
from linker.errors import EncoderError, EncoderMismatchError, TrainingError
from linker.train.average import average_adapters, average_weights
from linker.train.job import SilentTraining
from linker.train.loop import Batch, Place, Run, backward, optimiser, rate_at, run_phase
from linker.train.losses import info_nce, shared
from linker.train.save import adapter_names, write_adapter, write_model
from linker.train.settings import TrainSettings
from linker.train.trainee import Trainee

TEXTS = ["heart failure", "cardiac failure", "chest pain", "fever", "kidney infection severe", "x"]


def moved(trainee: Trainee, seed: int = 1) -> Trainee:
    """The trainee with other weights: an adapter begins as nothing at all."""
    torch.manual_seed(seed)
    trainee.set_weights(
        {name: value + 0.2 * torch.randn_like(value) for name, value in trainee.weights().items()}
    )
    return trainee


@pytest.fixture
def folder(tiny: Path) -> ModelFolder:
    return ModelFolder.read(tiny)


@pytest.mark.parametrize("full", [False, True])
def test_begins_with_the_vectors_of_its_base(tiny: Path, folder: ModelFolder, full: bool) -> None:
    trainee = Trainee(folder, TrainSettings(full=full, rank=2), seed=0, device="cpu")
    expected = load_encoder(tiny, device="cpu").encode(TEXTS)
    np.testing.assert_allclose(trainee.encode(TEXTS), expected, atol=1e-6)
    assert trainee.encode([]).shape == (0, 32)


@pytest.mark.parametrize("together", [1, 4, 1024])
def test_how_many_go_through_together_changes_no_vector(folder: ModelFolder, together: int) -> None:
    trainee = Trainee(folder, TrainSettings(rank=2), seed=0, device="cpu")
    expected = trainee.encode(TEXTS)
    trainee._bucket = together
    np.testing.assert_allclose(trainee.encode(TEXTS), expected, atol=1e-6)


def test_adapters_leave_the_base_still(folder: ModelFolder) -> None:
    settings = TrainSettings(rank=2)
    names = set(Trainee(folder, settings, seed=0, device="cpu").moving)
    # 2 layers of 6 linear maps, each with two factors.
    assert len(names) == 2 * 6 * 2
    assert all("lora_" in name and "pooler" not in name for name in names)
    one, same, other = (
        Trainee(folder, settings, seed=seed, device="cpu").weights() for seed in (5, 5, 6)
    )
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("full", [False, True])
def test_the_gradient_cache_gives_the_same_gradient(folder: ModelFolder, full: bool) -> None:
    trainee = moved(Trainee(folder, TrainSettings(full=full, rank=2), seed=0, device="cpu"))
    same = shared([frozenset([i % 3]) for i in range(6)])
    batch = Batch(TEXTS, lambda v: info_nce(v, same, temperature=0.1), Place())
    gradients, losses = [], []
    for chunk in (512, 2, 4):
        for value in trainee.moving.values():
            value.grad = None
        losses.append(backward(trainee, batch, chunk))
        gradients.append(
            {n: v.grad.clone() for n, v in trainee.moving.items() if v.grad is not None}
        )
    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=1e-5)
    assert any(bool(value.abs().max() > 1e-3) for value in gradients[0].values())
    for cached in gradients[1:]:
        assert set(cached) == set(gradients[0])
        for name, value in cached.items():
            torch.testing.assert_close(value, gradients[0][name], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("bad", ["loss", "gradient"])
def test_a_step_that_is_not_finite_is_not_taken(folder: ModelFolder, bad: str) -> None:
    settings = TrainSettings(rank=2)
    trainee = moved(Trainee(folder, settings, seed=0, device="cpu"))
    before = trainee.weights()

    def loss(vectors: torch.Tensor) -> torch.Tensor:
        value = vectors.sum()
        # The root of 0 is 0, and its slope is infinite.
        return value * float("nan") if bad == "loss" else (value - value.detach()).sqrt()

    run = Run(step=2)
    with pytest.raises(TrainingError, match=rf"step 3: the {bad} is (nan|inf), not finite.*2e-04"):
        run_phase(
            trainee,
            [Batch(TEXTS, loss, Place())],
            run,
            optimiser(trainee, settings),
            total=20,
            settings=settings,
            progress=SilentTraining(),
            save=lambda run: pytest.fail("saved"),
        )
    assert run.step == 2
    assert all(torch.equal(value, before[name]) for name, value in trainee.weights().items())


def test_no_batch_is_made_that_is_not_taken(folder: ModelFolder) -> None:
    # The batch after the last may be a pool's first, for which the whole pool is mined.
    settings = TrainSettings(rank=2)
    trainee = Trainee(folder, settings, seed=0, device="cpu")
    made = []

    def batches() -> Iterator[Batch]:
        while True:
            made.append(len(made))
            yield Batch(TEXTS, lambda vectors: vectors.sum(), Place())

    run = Run(step=1)
    run_phase(
        trainee, batches(), run, optimiser(trainee, settings),
        total=3, settings=settings, progress=SilentTraining(), save=lambda run: None,
    )  # fmt: skip
    assert (run.step, made) == (3, [0, 1])


def test_a_network_without_linear_layers_has_no_adapter(tmp_path: Path, save_model: Save) -> None:
    base = save_model(tmp_path / "gpt2")
    vocabulary = json.loads((base / "config.json").read_text())["vocab_size"]
    shape = {"n_embd": 32, "n_layer": 1, "n_head": 4, "n_positions": 48}
    (base / "model.safetensors").unlink()
    GPT2Model(GPT2Config(vocab_size=vocabulary, **shape)).save_pretrained(base)
    found = ModelFolder.read(base)
    with pytest.raises(TrainingError, match=r"gpt2: the network has no linear layer.*--full"):
        Trainee(found, TrainSettings(rank=2), seed=0, device="cpu")
    assert Trainee(found, TrainSettings(full=True), seed=0, device="cpu").moving


def saved(trainee: Trainee, tiny: Path, out: Path) -> Path:
    identity = load_encoder(tiny).identity
    write_adapter(out, adapter_names(trainee.weights()), identity, "---\nlicense: mit\n---\n")
    return out


def test_an_adapter_folder_is_an_encoder(tiny: Path, folder: ModelFolder, tmp_path: Path) -> None:
    trainee = moved(Trainee(folder, TrainSettings(rank=2), seed=0, device="cpu"))
    encoder = load_encoder(saved(trainee, tiny, tmp_path / "a"), device="cpu")
    np.testing.assert_allclose(encoder.encode(TEXTS), trainee.encode(TEXTS), atol=1e-5)
    base = load_encoder(tiny, device="cpu")
    assert np.abs(encoder.encode(TEXTS) - base.encode(TEXTS)).max() > 0.05
    assert encoder.identity.fingerprint != base.identity.fingerprint
    assert encoder.identity.licence == "mit"


# peft 0.21 asks transformers 5.23 for a property that will go.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
def test_peft_reads_the_folder_and_merges_to_the_same(
    tiny: Path, folder: ModelFolder, tmp_path: Path
) -> None:
    peft = pytest.importorskip("peft")
    import transformers

    trainee = moved(Trainee(folder, TrainSettings(rank=2), seed=0, device="cpu"))
    out = saved(trainee, tiny, tmp_path / "a")
    network = transformers.AutoModel.from_pretrained(tiny)
    merged = peft.PeftModel.from_pretrained(network, out).merge_and_unload()
    ours = transformers.AutoModel.from_pretrained(tiny)
    Adapter.read(out).merge(ours)
    reference = merged.state_dict()
    for name, value in ours.state_dict().items():
        torch.testing.assert_close(value, reference[name], rtol=0, atol=1e-6)


def test_an_adapter_of_another_base_is_refused(
    tiny: Path, folder: ModelFolder, tmp_path: Path
) -> None:
    out = saved(Trainee(folder, TrainSettings(rank=2), seed=0), tiny, tmp_path / "a")
    base = json.loads((out / "base.json").read_text())
    (out / "base.json").write_text(json.dumps({**base, "fingerprint": "sha256:other"}))
    with pytest.raises(EncoderMismatchError, match="expected sha256:other"):
        load_encoder(out)


@pytest.mark.parametrize(
    ("key", "value"), [("use_dora", True), ("bias", "all"), ("peft_type", "IA3"), ("r", 0)]
)
def test_another_kind_of_adapter_is_refused(
    tiny: Path, folder: ModelFolder, tmp_path: Path, key: str, value: object
) -> None:
    out = saved(Trainee(folder, TrainSettings(rank=2), seed=0), tiny, tmp_path / "a")
    config = json.loads((out / "adapter_config.json").read_text())
    (out / "adapter_config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(EncoderError, match=r"adapter_config\.json"):
        load_encoder(out)


def test_an_adapter_cut_short_is_refused(tiny: Path, folder: ModelFolder, tmp_path: Path) -> None:
    out = saved(Trainee(folder, TrainSettings(rank=2), seed=0), tiny, tmp_path / "a")
    weights = out / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(EncoderError, match="cut short"):
        load_encoder(out)


@pytest.mark.parametrize("kind", ["peft", "sentence-transformers"])
def test_an_adapter_of_another_tool_is_told_what_it_lacks(
    tiny: Path, folder: ModelFolder, tmp_path: Path, kind: str
) -> None:
    out = saved(Trainee(folder, TrainSettings(rank=2), seed=0), tiny, tmp_path / "a")
    (out / "base.json").unlink()
    if kind == "sentence-transformers":
        (out / "modules.json").write_text((tiny / "modules.json").read_text())
    with pytest.raises(EncoderError, match=r"no base\.json.*`linker train`.*merge it .* with peft"):
        load_encoder(out)


def test_a_pooler_that_the_base_lacks_is_not_made_up(tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    base = shutil.copytree(tiny, tmp_path / "base", ignore=lambda *_: [".concept-linker"])
    weights = load_file(base / "model.safetensors")
    poolers = {name for name in weights if name.startswith("pooler.")}
    kept = {name: value for name, value in weights.items() if name not in poolers}
    save_file(kept, base / "model.safetensors", metadata={"format": "pt"})
    made = []
    for seed in (1, 2):
        torch.manual_seed(seed)  # as another process is
        write_model(tmp_path / str(seed), ModelFolder.read(base), "a card")
        made.append(load_encoder(tmp_path / str(seed), device="cpu", backend="torch"))
    assert made[0].identity.fingerprint == made[1].identity.fingerprint
    assert set(load_file(tmp_path / "1" / "model.safetensors")) == set(kept)
    expected = load_encoder(tiny, device="cpu", backend="torch").encode(TEXTS)
    np.testing.assert_allclose(made[0].encode(TEXTS), expected, atol=1e-6)
    write_model(tmp_path / "whole", ModelFolder.read(tiny), "a card")
    assert poolers
    assert set(load_file(tmp_path / "whole" / "model.safetensors")) == set(weights)


def test_an_adapter_is_no_base(tiny: Path, folder: ModelFolder, tmp_path: Path) -> None:
    out = saved(Trainee(folder, TrainSettings(rank=2), seed=0), tiny, tmp_path / "a")
    adapted = folder.adapted(out, Adapter.read(out))
    with pytest.raises(TrainingError, match="cannot be the base"):
        Trainee(adapted, TrainSettings(), seed=0)


def test_averaged_adapters_are_the_mean_of_their_changes(
    tiny: Path, folder: ModelFolder, tmp_path: Path
) -> None:
    runs = [moved(Trainee(folder, TrainSettings(rank=rank), seed=rank), rank) for rank in (2, 3)]
    weights = [adapter_names(run.weights()) for run in runs]
    # Runs of one training have one rank; the change of each is scaled by alpha / rank = 2 alike.
    averaged = average_adapters(weights, base_share=0.25)
    for name in averaged:
        if name.endswith("lora_A.weight"):
            up = name.replace("lora_A", "lora_B")
            mean = sum(run[up] @ run[name] for run in weights) / 2
            torch.testing.assert_close(averaged[up] @ averaged[name], 0.75 * mean)


def test_averaged_weights_keep_a_share_of_the_base() -> None:
    base, runs = {"w": torch.tensor([0.0, 4.0])}, [{"w": torch.tensor([x, x])} for x in (1.0, 3.0)]
    assert average_weights(runs, base, base_share=0.5)["w"].tolist() == [1.0, 3.0]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_saved_model_is_what_sentence_transformers_reads(
    save_model: object, tmp_path: Path, full: bool, pooling: str
) -> None:
    reference = pytest.importorskip("sentence_transformers")
    base = save_model(tmp_path / "base", pooling=pooling, max_seq_length=16)  # type: ignore[operator]
    folder = ModelFolder.read(base)
    trainee = moved(Trainee(folder, TrainSettings(full=full, rank=2), seed=0, device="cpu"))
    if full:
        write_model(tmp_path / "out", folder, "a card", trainee.weights())
    else:
        at = saved(trainee, base, tmp_path / "adapter")
        write_model(tmp_path / "out", folder.adapted(at, Adapter.read(at)), "a card")
    theirs = reference.SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(theirs, trainee.encode(TEXTS), atol=1e-5)
    ours = load_encoder(tmp_path / "out", device="cpu")
    np.testing.assert_allclose(ours.encode(TEXTS), theirs, atol=1e-5)
    assert (ours.identity.pooling, ours.identity.max_tokens) == (pooling, 16)


def test_a_base_that_cuts_its_vectors_off_is_trained_and_saved_so(
    save_model: object, tmp_path: Path
) -> None:
    reference = pytest.importorskip("sentence_transformers")
    base = save_model(tmp_path / "base")  # type: ignore[operator]
    (base / "config_sentence_transformers.json").write_text('{"truncate_dim": 12}')
    folder = ModelFolder.read(base)
    trainee = moved(Trainee(folder, TrainSettings(full=True), seed=0, device="cpu"))
    assert trainee.encode(TEXTS).shape == (len(TEXTS), 12)
    write_model(tmp_path / "out", folder, "a card", trainee.weights())
    theirs = reference.SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(
        TEXTS, normalize_embeddings=True
    )
    np.testing.assert_allclose(theirs, trainee.encode(TEXTS), atol=1e-5)
    ours = load_encoder(tmp_path / "out", device="cpu").encode(TEXTS)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_rate_rises_then_falls_to_nothing() -> None:
    settings = TrainSettings(rate=1.0, warmup=0.2)
    rates = [rate_at(step, 10, settings) for step in range(11)]
    assert rates[:3] == [0.5, 1.0, 1.0]
    assert rates[-2:] == [0.125, 0.0]
    assert rates[2:] == sorted(rates[2:], reverse=True)
