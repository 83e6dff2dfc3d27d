#!/usr/bin/env bash
# Guess:     SimpleITK reads a DICOM segmentation as a volume that lies where the masks were drawn,
#            as it does for a CT series; if it cannot place a file's frames it says so.
# Version:   SimpleITK 2.5.7, highdicom 0.28.2, pydicom 3.0.2, numpy 2.4.6.
# Behaviour: highdicom leaves out empty slices (as many writers do: each frame notes its place).
#            SimpleITK stacks the frames without gaps, as if they were neighbours at a distance of
#            1 mm, upwards from the first frame, and says nothing.
# Seen:      frames at z = 14 12 4 2 mm in the file, at 14 15 16 17 in SimpleITK; an object of
#            slices 1, 2, 6 and 7 becomes one of four neighbouring slices.
# For you:   masks of two lesions become one, upside down and at the wrong height; overlays, volumes
#            in millilitres and distances are wrong. Read such files with highdicom's `get_volume`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.6 pydicom==3.0.2 highdicom==0.28.2 simpleitk==2.5.7
env/bin/python - <<'EOF'
import sys

import highdicom
import numpy as np
import pydicom
import SimpleITK
from highdicom.sr.coding import CodedConcept
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SIZE = 16
series = {
    name: generate_uid() for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
}
empty = (
    "PatientID PatientName PatientBirthDate PatientSex StudyDate StudyTime StudyID AccessionNumber "
    "ReferringPhysicianName PositionReferenceIndicator"
)


def ct_slice(index):
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID, image.SOPInstanceUID, image.Modality = CTImageStorage, generate_uid(), "CT"
    for name, value in (series | dict.fromkeys(empty.split(), "")).items():
        setattr(image, name, value)
    image.Rows = image.Columns = SIZE
    image.BitsAllocated = image.BitsStored = 16
    image.PixelSpacing, image.SliceThickness = [1, 1], 2
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.ImagePositionPatient = [0, 0, 2 * index]
    return image


masks = np.zeros((9, SIZE, SIZE), np.uint8)
masks[[1, 2, 6, 7], 4:8, 4:8] = 1
kidney = highdicom.seg.SegmentDescription(
    1,
    "kidney",
    CodedConcept("123037004", "SCT", "Anatomical Structure"),
    CodedConcept("64033007", "SCT", "Kidney"),
    highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
)
uids = generate_uid(), 1, generate_uid(), 1
highdicom.seg.Segmentation(
    [ct_slice(index) for index in range(9)], masks, "BINARY", [kidney], *uids, "a", "b", "1", "2"
).save_as("seg.dcm")

frames = pydicom.dcmread("seg.dcm").PerFrameFunctionalGroupsSequence
true = [float(frame.PlanePositionSequence[0].ImagePositionPatient[2]) for frame in frames]
image = SimpleITK.ReadImage("seg.dcm")
seen = [image.TransformIndexToPhysicalPoint((0, 0, index))[2] for index in range(image.GetDepth())]
inside = (SimpleITK.GetArrayFromImage(image) > 0).sum((1, 2)).tolist()
volume = highdicom.seg.segread("seg.dcm").get_volume(combine_segments=True)
print("file", true, "SimpleITK", seen, "pixels", inside, "highdicom", volume.array.sum((1, 2)))
right = inside == [16] * 4 and volume.array.sum((1, 2)).tolist() == [16, 16, 0, 0, 0, 16, 16]
sys.exit(not (right and sorted(true) == [2, 4, 12, 14] and np.allclose(np.diff(seen), 1)))
EOF
