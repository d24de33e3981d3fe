import os

# Tests compile far more than they run.  XLA's older code generator and fewer of LLVM's passes take half the time, here
# and in the commands that tests run; results differ in the last bits.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false --xla_llvm_disable_expensive_passes=true")
