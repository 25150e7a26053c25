#include "producer/producer_host.h"

int main(int argc, char **argv)
{
    return producer_program(argc, argv);
}
