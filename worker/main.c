#include "worker/worker_host.h"

int main(int argc, char **argv)
{
    return worker_program(argc, argv);
}
